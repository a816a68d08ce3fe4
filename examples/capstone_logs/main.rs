//! Analyses web server logs of any size in several processes.
//!
//! A line is a common access-log line plus the response time in whole milliseconds:
//! ```text
//! 192.0.2.7 - - [05/Jan/2026:13:55:36 +0000] "GET /books/17?page=2 HTTP/1.1" 200 2326 41
//! host identity user [time] "method path protocol" status bytes milliseconds
//! ```
//! Counted are requests by status, by hour of the day as written, and by path without
//! its query; the 99th percentile is the smallest time that at least 99 % of them did
//! not exceed (an hour and more count as an hour). A line of another shape, or longer
//! than 8 KiB, is malformed: counted, and otherwise passed over.
//!
//! Workers get ranges of bytes. A range whose worker dies is given out again, and the
//! reports are added in the order of the ranges: neither a killed worker nor the number
//! of workers shows in the result.
//!
//! Chapter: capstone
//! Run: `cargo run --release --example capstone_logs -- [--workers N] [FILE ...]`;
//! `... -- generate LINES SEED > FILE` writes a sample of any size.

mod generate;
mod line;

use line::parse;
use multiproc::Pool;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::Hash;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;

const RANGE: u64 = 4 << 20;
const LONGEST_LINE: u64 = 8 << 10;
const LONGEST_TIME: u32 = 3_600_000;
const MEMORY_FOR_PATHS: usize = 32 << 20;

// ANCHOR: types
/// The lines of `file` that begin at `start` or later, and before `end`.
type Range = (OsString, u64, u64);
type Counts<K> = HashMap<K, u64>;

/// What a range comes to: small, however large the range.
#[derive(Default, Serialize, Deserialize)]
struct Report {
    lines: u64,
    malformed: u64,
    by_status: Counts<u32>,
    by_hour: Counts<u32>,
    by_time: Counts<u32>,
    by_path: Counts<Vec<u8>>,
    /// How much too low a count in `by_path` may be.
    path_error: u64,
}
// ANCHOR_END: types

fn main() -> ExitCode {
    multiproc::init();
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match words.first().and_then(|word| word.to_str()) {
        Some("generate") => generate::generate(&words[1..]),
        _ => analyse(words),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("capstone_logs: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Prints the report; says whether every file could be read.
fn analyse(mut files: Vec<OsString>) -> Result<bool, Box<dyn Error>> {
    let mut builder = Pool::builder();
    if files.first().is_some_and(|word| word == "--workers") {
        let workers = files.get(1).and_then(|word| word.to_str()?.parse().ok());
        builder = builder.workers(workers.ok_or("--workers takes a number")?);
        files.drain(..2);
    }
    if files.is_empty() {
        let sample =
            concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/access.log");
        files.push(sample.into());
    }
    let mut complete = true;
    let mut ranges: Vec<Range> = Vec::new();
    for file in files {
        match fs::metadata(&file) {
            Ok(found) if found.is_file() => {
                for start in (0..found.len()).step_by(RANGE as usize) {
                    let end = found.len().min(start + RANGE);
                    ranges.push((file.clone(), start, end));
                }
            }
            Ok(_) => complete = complain(&file, "not a file"),
            Err(problem) => complete = complain(&file, &problem.to_string()),
        }
    }

    // ANCHOR: merge
    let pool = builder.build()?;
    let mut total = Report::default();
    for (range, outcome) in ranges.iter().zip(pool.imap(report, ranges.clone())?) {
        let part = outcome
            .or_else(|_| pool.apply(report, range.clone())) // its worker died
            .or_else(|_| pool.apply(report, range.clone()))?; // and another one
        match part {
            Ok(part) => total.add(part),
            Err(problem) => complete = complain(&range.0, &problem),
        }
    }
    // ANCHOR_END: merge
    total.print(&mut io::stdout().lock())?;
    Ok(complete)
}

fn complain(file: &OsString, problem: &str) -> bool {
    eprintln!("capstone_logs: {}: {problem}", Path::new(file).display());
    false
}

// ANCHOR: worker
/// Runs in a worker.
fn report(range: Range) -> Result<Report, String> {
    read_range(range).map_err(|problem| problem.to_string())
}

fn read_range((file, start, end): Range) -> io::Result<Report> {
    let mut report = Report::default();
    let mut reader = BufReader::with_capacity(256 << 10, File::open(file)?);
    // Begins a byte early: the rest of a line there belongs to the range before.
    let mut position = start.saturating_sub(1);
    reader.seek(SeekFrom::Start(position))?;
    let mut skip = start > 0;
    let mut line = Vec::new();
    while position < end {
        if skip {
            let mut rest = reader.by_ref().take(end - position);
            position += rest.skip_until(b'\n')? as u64;
            skip = false;
            continue;
        }
        line.clear();
        let mut next = reader.by_ref().take(LONGEST_LINE);
        position += next.read_until(b'\n', &mut line)? as u64;
        if line.is_empty() {
            break; // the file has become shorter
        }
        skip = next.limit() == 0 && !line.ends_with(b"\n");
        report.count(if skip { b"" } else { line.trim_ascii_end() });
    }
    Ok(report)
}
// ANCHOR_END: worker

impl Report {
    fn count(&mut self, line: &[u8]) {
        self.lines += 1;
        let Some((status, hour, time, path)) = parse(line) else {
            self.malformed += 1;
            return;
        };
        *self.by_status.entry(status).or_default() += 1;
        *self.by_hour.entry(hour).or_default() += 1;
        *self.by_time.entry(time.min(LONGEST_TIME)).or_default() += 1;
        match self.by_path.get_mut(path) {
            Some(count) => *count += 1,
            None => _ = self.by_path.insert(path.to_vec(), 1),
        }
    }

    // ANCHOR: add
    fn add(&mut self, part: Report) {
        self.lines += part.lines;
        self.malformed += part.malformed;
        add_counts(&mut self.by_status, part.by_status);
        add_counts(&mut self.by_hour, part.by_hour);
        add_counts(&mut self.by_time, part.by_time);
        add_counts(&mut self.by_path, part.by_path);
        // Too many different paths: forget the rarer half (Misra and Gries, 1982).
        while self.by_path.keys().map(Vec::len).sum::<usize>() > MEMORY_FOR_PATHS {
            let mut counts: Vec<u64> = self.by_path.values().copied().collect();
            let middle = counts.len() / 2;
            let median = *counts.select_nth_unstable(middle).1;
            self.path_error += median;
            self.by_path.retain(|_, count| {
                *count = count.saturating_sub(median);
                *count > 0
            });
        }
    }
    // ANCHOR_END: add

    fn print(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(
            output,
            "lines: {}, malformed: {}",
            self.lines, self.malformed
        )?;
        for (status, count) in sorted(&self.by_status) {
            writeln!(output, "status {status}: {count}")?;
        }
        for (hour, count) in sorted(&self.by_hour) {
            writeln!(output, "hour {hour:02}: {count}")?;
        }
        let mut paths = sorted(&self.by_path);
        paths.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        for (path, count) in paths.into_iter().take(10) {
            writeln!(output, "path {}: {count}", path.escape_ascii())?;
        }
        if self.path_error > 0 {
            writeln!(output, "(a path may have {} more)", self.path_error)?;
        }
        let mut slower = (self.lines - self.malformed) / 100;
        for (time, count) in sorted(&self.by_time).into_iter().rev() {
            if count > slower {
                return writeln!(output, "99th percentile: {time} ms");
            }
            slower -= count;
        }
        Ok(())
    }
}

fn add_counts<K: Eq + Hash>(total: &mut Counts<K>, part: Counts<K>) {
    for (key, count) in part {
        *total.entry(key).or_default() += count;
    }
}

fn sorted<K: Ord>(counts: &Counts<K>) -> Vec<(&K, u64)> {
    let mut sorted: Vec<_> =
        counts.iter().map(|(key, &count)| (key, count)).collect();
    sorted.sort();
    sorted
}

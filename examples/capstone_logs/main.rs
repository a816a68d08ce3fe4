//! Analyses web server logs of any size in several processes.
//!
//! A line is a common access-log line plus the response time in whole milliseconds:
//! ```text
//! 192.0.2.7 - - [05/Jan/2026:13:55:36 +0000] "GET /books?p=2 HTTP/1.1" 200 2326 41
//! host identity user [time] "method path protocol" status bytes milliseconds
//! ```
//! Counted are requests by status, by hour of the day as written, and by path
//! without its query; the 99th percentile is the smallest time that at least 99 % of
//! them did not exceed (an hour and more count as an hour). A line of another shape,
//! or longer than 8 KiB, is malformed: counted, and otherwise passed over.
//!
//! Workers get ranges of bytes. A range whose worker dies is given out again, and
//! the reports are added in the order of the ranges: neither a killed worker nor the
//! number of workers shows in the result.
//!
//! Chapter: capstone
//! Run: `cargo run --release --example capstone_logs -- [--workers N] [FILE ...]`;
//! `... -- generate LINES SEED > FILE` writes a sample of any size.

mod generate;
mod line;
mod report;

use multiproc::Pool;
use report::{Range, Report, read_range};
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::iter::successors;
use std::path::Path;
use std::process::ExitCode;

const RANGE: u64 = 4 << 20;
/// A range over which so many workers died is the one to blame.
const ATTEMPTS: u32 = 10;

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
            let causes = successors(Some(&*problem), |&cause| cause.source());
            let causes: Vec<String> = causes.map(ToString::to_string).collect();
            eprintln!("capstone_logs: {}", causes.join(": "));
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
        match look_at(&file) {
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
    let outcomes = pool.imap(count, ranges.clone())?;
    for (range, mut outcome) in ranges.iter().zip(outcomes) {
        for _ in 1..ATTEMPTS {
            // An error says that its worker died, and then perhaps another one.
            outcome = outcome.or_else(|_| pool.apply(count, range.clone()));
        }
        match outcome? {
            Ok(part) => total.add(part),
            Err(problem) => complete = complain(&range.0, &problem),
        }
    }
    // ANCHOR_END: merge
    total.print(&mut io::stdout().lock())?;
    Ok(complete)
}

/// What `file` is; an error if it is a file and cannot be opened.
fn look_at(file: &OsString) -> io::Result<Metadata> {
    let found = fs::metadata(file)?;
    if found.is_file() {
        File::open(file)?;
    }
    Ok(found)
}

fn complain(file: &OsString, problem: &str) -> bool {
    eprintln!("capstone_logs: {}: {problem}", Path::new(file).display());
    false
}

// ANCHOR: worker
/// Runs in a worker.
fn count(range: Range) -> Result<Report, String> {
    read_range(range).map_err(|problem| problem.to_string())
}

// ANCHOR_END: worker

//! A part of a log, counted; parts are added up.

use crate::line::parse;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::hash::Hash;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

const LONGEST_LINE: u64 = 8 << 10;
const LONGEST_TIME: u32 = 3_600_000;
const MEMORY_FOR_PATHS: usize = 32 << 20;

// ANCHOR: types
/// The lines of `file` that begin at `start` or later, and before `end`.
pub(crate) type Range = (OsString, u64, u64);
type Counts<K> = HashMap<K, u64>;

/// What a range comes to: small, however large the range.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
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

/// Counts the lines of a range.
// ANCHOR: read
pub(crate) fn read_range((file, start, end): Range) -> io::Result<Report> {
    let (mut report, mut line) = (Report::default(), Vec::new());
    let mut reader = BufReader::with_capacity(256 << 10, File::open(file)?);
    // Begins a byte early: the rest of a line there belongs to the range before.
    let mut position = start.saturating_sub(1);
    reader.seek(SeekFrom::Start(position))?;
    let mut skip = start > 0;
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
// ANCHOR_END: read

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
    /// Adds the counts of another part.
    pub(crate) fn add(&mut self, part: Report) {
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

    /// Prints what a person wants to know.
    pub(crate) fn print(&self, output: &mut impl Write) -> io::Result<()> {
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

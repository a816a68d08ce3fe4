//! The last chapter's program on one large log.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

use multiproc::Pool;
use rayon::prelude::*;

use crate::Shared;
use crate::contest::{Row, Way};
use crate::generate;
use crate::report::{Range, Report, read_range};

const WORKERS: usize = 2;
const LINES: u64 = 1_000_000;
/// As in the example.
const RANGE: usize = 4 << 20;
const GENERATE: &str = "--generate";

/// Writes the log and ends, if this process was started for that.
pub(crate) fn generate_if_asked() {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == GENERATE) {
        let written = generate::generate(&words[1..]);
        std::process::exit(i32::from(!written.is_ok_and(|done| done)));
    }
}

/// A large log in a temporary file, which is removed in the end.
struct Log(PathBuf);

impl Log {
    fn new() -> Log {
        let name = format!("multiproc-log-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let status = Command::new("/proc/self/exe")
            .args([GENERATE, &LINES.to_string(), "7"])
            .stdout(File::create(&path).expect("a temporary file"))
            .status();
        assert!(status.expect("a process").success());
        Log(path)
    }

    fn ranges(&self) -> Vec<Range> {
        let size = self.0.metadata().expect("the log").len();
        let starts = (0..size).step_by(RANGE);
        let range = |start| {
            let end = size.min(start + RANGE as u64);
            (self.0.clone().into_os_string(), start, end)
        };
        starts.map(range).collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs in a worker.
fn count(range: Range) -> Report {
    read_range(range).expect("the log")
}

fn check(parts: impl IntoIterator<Item = Report>) {
    let mut total = Report::default();
    for part in parts {
        total.add(part);
    }
    let mut text = Vec::new();
    total.print(&mut text).expect("memory");
    let text = String::from_utf8(text).expect("text");
    assert!(text.starts_with(&format!("lines: {LINES}, ")), "{text}");
}

/// Counting a log of a million lines, in four ways.
pub(crate) fn logs(_python: &Shared) -> Row {
    let log = Rc::new(Log::new());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/python/capstone_logs.py"
    );
    let pool = Pool::new(WORKERS).expect("a pool");
    let threads = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let threads = threads.build().expect("threads");
    let ranges = log.ranges();
    let (same, again) = (ranges.clone(), ranges.clone());
    Row {
        title: "the capstone on a log of a million lines".into(),
        unit: "line",
        count: LINES,
        ours: Way::new("processes", move || {
            check(pool.map(count, ranges.iter().cloned()).expect("a map"));
        }),
        others: vec![
            Way::new("python", move || {
                let output = Command::new("python3")
                    .args([script, "--workers", &WORKERS.to_string()])
                    .arg(&log.0)
                    .stderr(Stdio::inherit())
                    .output();
                let printed = output.expect("Python").stdout;
                let expected = format!("lines: {LINES}, ");
                assert!(printed.starts_with(expected.as_bytes()));
            })
            .must(10.0, 20.0),
            Way::new("threads", move || {
                let parts: Vec<Report> = threads
                    .install(|| same.par_iter().cloned().map(count).collect());
                check(parts);
            })
            .must(0.8, 0.95),
            Way::new("sequential", move || {
                check(again.iter().cloned().map(count));
            }),
        ],
    }
}

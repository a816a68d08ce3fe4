//! Where and when something was measured.

use std::fs;
use std::process::Command;

use serde::Serialize;

/// The machine that this runs on, in the form of the results files.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// What the book calls it.
    pub name: String,
    /// Processor and number of cores.
    pub cpu: String,
    /// Operating system.
    pub system: String,
    /// Compiler.
    pub rustc: String,
    /// Revision of the workbook.
    pub commit: String,
    /// Day, as 2026-01-31.
    pub date: String,
    /// What was run.
    pub command: String,
}

impl Machine {
    /// Asks this machine; what it does not tell stays empty.
    pub fn here() -> Machine {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cores = if cores == 1 {
            "1 core".to_owned()
        } else {
            format!("{cores} cores")
        };
        let release = read("/proc/sys/kernel/osrelease");
        let release = release.split(['-', '+']).next().unwrap_or_default();
        let rustc = output("rustc", &["--version"]);
        Machine {
            name: "reference machine".to_owned(),
            cpu: format!("{}, {cores}", processor()),
            system: format!("Linux {release}"),
            rustc: rustc.split(' ').nth(1).unwrap_or_default().to_owned(),
            commit: commit(),
            date: output("date", &["+%Y-%m-%d"]),
            command: String::new(),
        }
    }

    /// All of it in one sentence.
    pub fn sentence(&self) -> String {
        format!(
            "Measured on {} ({}), rustc {}, commit {}, {}.",
            self.cpu, self.system, self.rustc, self.commit, self.date
        )
    }
}

/// The processor's name, without what its maker would like to be added.
fn processor() -> String {
    let information = read("/proc/cpuinfo");
    let line = information
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    let name = name.map_or("unknown processor", |(_, name)| name);
    name.trim().to_owned()
}

/// The revision, marked when what was measured differs from it.
fn commit() -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    let commit = output("git", &["-C", here, "rev-parse", "--short=10", "HEAD"]);
    let changes = [
        "-C",
        here,
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        "../src",
        "../benches/*.rs",
        "../benches/src",
    ];
    if output("git", &changes).is_empty() {
        commit
    } else {
        format!("{commit} with changes")
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

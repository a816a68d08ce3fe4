//! What a run of the soak leaves behind: a file of figures, and a table of them.
//!
//! With `--record`, `cargo soak` and `cargo soak -- instructions` write both to
//! `tests/soak`; the book shows the tables, and a test compares the two.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A run, in the form of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// How to do the same again.
    pub command: String,
    /// The seed of all choices.
    pub seed: u64,
    /// How often all parts were run.
    pub turns: u64,
    /// How long that took.
    pub seconds: u64,
    /// The day, as year, month and day.
    pub date: String,
    /// The state of the repository.
    pub commit: String,
    /// The processor.
    pub cpu: String,
    /// The system.
    pub system: String,
    /// The compiler.
    pub rustc: String,
    /// What was done in each part.
    pub parts: Vec<Part>,
}

/// What was done in one part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name on the command line.
    pub name: String,
    /// How long all its turns took.
    pub seconds: u64,
    /// What was counted.
    pub counts: Vec<(String, u64)>,
}

impl Record {
    /// Notes a run on this machine.
    pub fn new(command: String, seed: u64, turns: u64, time: Duration) -> Record {
        let cores =
            std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split(": ").nth(1));
        let release = fs::read_to_string("/proc/sys/kernel/osrelease");
        let release = release.unwrap_or_default();
        let release = release.trim_end();
        Record {
            command,
            seed,
            turns,
            seconds: time.as_secs(),
            date: said_by("date", &["-u", "+%Y-%m-%d"]),
            commit: said_by("git", &["rev-parse", "--short=10", "HEAD"]),
            cpu: format!("{}, {cores} cores", model.unwrap_or("unknown")),
            system: format!(
                "Linux {}",
                release.split('-').next().unwrap_or_default()
            ),
            rustc: said_by("rustc", &["--version"]),
            parts: Vec::new(),
        }
    }

    /// Adds a part.
    pub fn add(&mut self, name: &str, time: Duration, counts: Vec<(String, u64)>) {
        self.parts.push(Part {
            name: name.to_string(),
            seconds: time.as_secs(),
            counts,
        });
    }

    /// The run as a table for the book.
    pub fn table(&self) -> String {
        let mut table = format!(
            "`{}`, {}{} min {} s, on {} ({}; {}; commit {}; {}).\n\n\
             | part | time | what was done and counted |\n|---|---|---|\n",
            self.command,
            match self.turns {
                1 => String::new(),
                turns => format!("{turns} turns in "),
            },
            self.seconds / 60,
            self.seconds % 60,
            self.cpu,
            self.system,
            self.rustc,
            self.commit,
            self.date
        );
        for part in &self.parts {
            let counts = part.counts.iter();
            let counts: Vec<String> = counts
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            let (minutes, seconds) = (part.seconds / 60, part.seconds % 60);
            let counts = counts.join(", ");
            let _ = writeln!(
                table,
                "| {} | {minutes}\u{a0}min {seconds}\u{a0}s | {counts} |",
                part.name
            );
        }
        table
    }

    /// Writes the file and the table, both with that stem.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, stem: &str) -> Result<(), Box<dyn std::error::Error>> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let json = serde_json::to_string_pretty(self)?;
        fs::write(folder.join(format!("{stem}.json")), json + "\n")?;
        Ok(fs::write(folder.join(format!("{stem}.md")), self.table())?)
    }

    /// Reads what was recorded last with that stem: the record, and the table
    /// beside it.
    ///
    /// # Errors
    ///
    /// When a file is missing or broken.
    pub fn read(stem: &str) -> Result<(Record, String), Box<dyn std::error::Error>> {
        let json = fs::read_to_string(folder().join(format!("{stem}.json")))?;
        let table = fs::read_to_string(folder().join(format!("{stem}.md")))?;
        Ok((serde_json::from_str(&json)?, table))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("soak")
}

/// What a program prints; nothing if it cannot.
fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim_end().to_string()
}

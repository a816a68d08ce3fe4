//! The server's end of a supervisor.

use crate::supervise::Limits;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct Order {
    /// The program and its arguments; no shell sees them.
    pub words: Vec<String>,
    /// The folder to run it in.
    pub folder: PathBuf,
    /// What it may take.
    pub limits: Limits,
}

/// A program under its supervisor. Dropping it ends the program's whole tree.
#[derive(Debug)]
pub struct Run {
    lifeline: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    supervisor: Child,
}

impl Run {
    /// Starts a program under a supervisor, which is `reader` itself.
    ///
    /// # Errors
    ///
    /// The supervisor cannot be started.
    pub fn start(reader: &Path, order: &Order) -> Result<Run> {
        let mut command = Command::new(reader);
        command
            .arg("supervise")
            .args(["--milliseconds", &order.limits.time.as_millis().to_string()])
            .args(["--bytes", &order.limits.output.to_string()])
            .arg("--")
            .args(&order.words)
            .current_dir(&order.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        for name in cargo_variables() {
            command.env_remove(name);
        }
        let mut supervisor = command.spawn().context("no supervisor")?;
        let output = supervisor.stdout.take().context("no output")?;
        Ok(Run {
            lifeline: supervisor.stdin.take(),
            lines: BufReader::new(output).lines(),
            supervisor,
        })
    }

    /// The next line of JSON that the supervisor says; `None` when the program and
    /// all it started are gone.
    pub async fn line(&mut self) -> Option<String> {
        self.lines.next_line().await.ok().flatten()
    }

    /// Asks for the end; the last line tells that it was stopped.
    pub async fn stop(&mut self) {
        if let Some(lifeline) = &mut self.lifeline {
            let _ = lifeline.write_all(b"s").await;
            let _ = lifeline.flush().await;
        }
    }

    /// Cuts the lifeline and waits until all is gone.
    pub async fn end(mut self) {
        self.lifeline = None;
        while self.line().await.is_some() {}
        let _ = self.supervisor.wait().await;
    }
}

/// What cargo tells the reader about itself, which a program or another cargo
/// would take for news about itself.
fn cargo_variables() -> Vec<OsString> {
    let kept = [
        "CARGO_HOME",
        "CARGO_TARGET_DIR",
        "CARGO_TERM_COLOR",
        "CARGO_NET_OFFLINE",
    ];
    let ours = |name: &OsString| {
        let name = name.to_string_lossy();
        (name.starts_with("CARGO") && !kept.contains(&&*name))
            || name == "RUST_RECURSION_COUNT"
    };
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(ours)
        .collect()
}

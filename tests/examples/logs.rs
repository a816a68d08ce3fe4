//! `capstone_logs` on larger logs: neither workers nor their death show.

use crate::build::program;
use crate::run::{children, run, run_while};
use crate::{Outcome, named, same};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tests::PATIENCE;

const KILL: Signal = Signal::KILL;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        named(
            "capstone_logs",
            "generates_the_same_for_the_same_seed",
            seeds,
        ),
        named("capstone_logs", "reports_the_same_for_any_workers", workers),
        named(
            "capstone_logs",
            "loses_nothing_with_a_killed_worker",
            killed,
        ),
        named("capstone_logs", "counts_lines_at_every_cut_once", cuts),
        named("capstone_logs", "names_what_it_cannot_read", unreadable),
        named("capstone_logs", "refuses_other_arguments", arguments),
    ]
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn generate(lines: u64, seed: u64) -> Result<String, String> {
    let mut command = Command::new(program("capstone_logs")?);
    let finished =
        run(command.args(["generate", &lines.to_string(), &seed.to_string()]))?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(finished.stderr),
    }
}

fn analyse(arguments: &[&str]) -> Result<String, String> {
    let finished = run(Command::new(program("capstone_logs")?).args(arguments))?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(finished.stderr),
    }
}

fn seeds() -> Outcome {
    let first = generate(2000, 5)?;
    same("lines", first.lines().count(), 2000)?;
    same("the same seed", first == generate(2000, 5)?, true)?;
    same("another seed", first == generate(2000, 6)?, false)
}

/// Writes a log of several ranges.
fn large(name: &str) -> Result<String, String> {
    let path = file(name);
    fs::write(&path, generate(100_000, 11)?)
        .map_err(|problem| problem.to_string())?;
    path.into_os_string()
        .into_string()
        .map_err(|path| format!("{path:?}"))
}

fn workers() -> Outcome {
    let path = large("logs_workers.log")?;
    let one = analyse(&["--workers", "1", &path])?;
    same("lines", one.starts_with("lines: 100000, malformed: "), true)?;
    for workers in ["2", "5"] {
        same(workers, &analyse(&["--workers", workers, &path])?, &one)?;
    }
    Ok(())
}

fn killed() -> Outcome {
    let path = large("logs_killed.log")?;
    let expected = analyse(&["--workers", "2", &path])?;
    let begin = Instant::now();
    // A program that ends before anybody has looked at it is no proof.
    while begin.elapsed() < PATIENCE {
        // Kills the first worker that is seen with the log open: in mid-task.
        let mut victim = None;
        let mut command = Command::new(program("capstone_logs")?);
        let command = command.args(["--workers", "2", &path]);
        let finished = run_while(command, |program| {
            victim = children(program.id()).into_iter().find(|child| {
                has_open(*child, &path) && kill_process(*child, KILL).is_ok()
            });
            victim.is_none()
        })?;
        same("errors", finished.stderr.as_str(), "")?;
        same("the report", finished.stdout.as_str(), expected.as_str())?;
        if victim.is_some() {
            return Ok(());
        }
    }
    Err("no worker was seen at work".into())
}

fn has_open(process: Pid, path: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false; // it has ended
    };
    descriptors
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .any(|target| target == Path::new(path))
}

/// The cut between two ranges at the beginning of a line, one byte after it, in its
/// middle, and one byte before its end.
fn cuts() -> Outcome {
    let line = |path: &str| {
        format!(
            "h - - [05/Jan/2026:13:55:36 +0000] \"GET /{path} HTTP/1.1\" 200 1 41\n"
        )
    };
    let short = line("");
    let cut = 4 << 20;
    for offset in [0, 1, short.len() / 2, short.len() - 1] {
        let extra = (cut - short.len() - offset) % short.len();
        let count = cut / short.len() + 10;
        let text = line(&"x".repeat(extra)) + &short.repeat(count);
        let path = file("logs_cuts.log");
        fs::write(&path, &text).map_err(|problem| problem.to_string())?;
        let report = analyse(&[&path.to_string_lossy()])?;
        let expected = format!("lines: {}, malformed: 0", count + 1);
        same("report", report.lines().next(), Some(expected.as_str()))?;
    }
    // A line longer than any limit, over a whole range, is one malformed line.
    let path = file("logs_long.log");
    let text = format!("{short}{}\n{short}", "x".repeat(9 << 20));
    fs::write(&path, text).map_err(|problem| problem.to_string())?;
    let report = analyse(&[&path.to_string_lossy()])?;
    same(
        "long",
        report.lines().next(),
        Some("lines: 3, malformed: 1"),
    )
}

fn arguments() -> Outcome {
    for words in [
        &["generate", "2"][..],
        &["generate", "2", "many", "3"],
        &["generate", "2", "-3"],
        &["--workers"],
        &["--workers", "many"],
        &["--workers", "0"],
    ] {
        let finished = run(Command::new(program("capstone_logs")?).args(words))?;
        same("status", finished.status.code(), Some(2))?;
        same("output", finished.stdout.as_str(), "")?;
        same("errors", finished.stderr.lines().count(), 1)?;
    }
    Ok(())
}

fn unreadable() -> Outcome {
    let good = file("logs_good.log");
    fs::write(&good, "no log line\n").map_err(|problem| problem.to_string())?;
    let missing = file("logs_missing.log");
    let mut command = Command::new(program("capstone_logs")?);
    let finished = run(command
        .arg(missing)
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .arg(good))?;
    same("status", finished.status.code(), Some(1))?;
    same("errors", finished.stderr.lines().count(), 2)?;
    same(
        "report",
        finished.stdout.as_str(),
        "lines: 1, malformed: 1\n",
    )
}

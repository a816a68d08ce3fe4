//! Compares what a Python twin computes with what its example computes.

use crate::build::{root, stems};
use crate::normal::{normal, normal_python};
use crate::run::run;
use crate::transcript::compare;
use std::env;
use std::fs;
use std::process::Command;

/// The names of all twins, sorted.
pub(crate) fn names() -> Vec<String> {
    stems("examples/python", "py")
}

/// Runs the twin `name` under a deadline and compares what it prints with the
/// example's transcript: all of it, or, where Python behaves differently, the lines
/// in [`common`]; what the twin shows instead is then in a transcript of its own.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if Command::new("python3").arg("--version").output().is_err() {
        return match env::var_os("CI") {
            Some(_) => Err("there is no python3".into()),
            None => {
                eprintln!("twin::{name} was not checked: there is no python3");
                Ok(())
            }
        };
    }
    let finished = run(Command::new("python3")
        .arg("-B")
        .env("PYTHONUTF8", "1")
        .arg(root().join(format!("examples/python/{name}.py"))))?;
    if !finished.status.success() {
        return Err(format!("{}\n{}", finished.status, finished.stderr));
    }

    let example = root().join(format!("examples/output/{name}.txt"));
    let example = fs::read_to_string(&example)
        .map_err(|problem| format!("{}: {problem}", example.display()))?;
    let (example, twin) = (normal(&example), normal_python(&finished.stdout));
    let Some(common) = common(name) else {
        return match example == twin {
            true => Ok(()),
            false => Err(format!(
                "the twin computes something else\n--- example\n{example}\n\
                 --- twin\n{twin}"
            )),
        };
    };
    for line in common {
        for (whose, text) in [("example", &example), ("twin", &twin)] {
            if !text.lines().any(|found| found == *line) {
                return Err(format!(
                    "{line:?} is not what the {whose} prints:\n{text}"
                ));
            }
        }
    }
    compare(
        &root().join(format!("examples/output/python/{name}.txt")),
        &finished.stdout,
        normal,
    )
}

/// What example and twin both print, where they do not print the same.
fn common(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        // A Python process has no result and no reason, only an exit code.
        "process_exit" => &[
            "exits: exit code 42",
            "aborts: signal 6",
            "hangs: still running",
            "terminated: signal 15",
            "killed: signal 9",
        ],
        // Python's exceptions have other messages, and `map` names no item.
        "pool_panic" => &[
            "item 0: 10",
            "item 1: 20",
            "item 3: 40",
            "the pool still works: 50",
        ],
        // Python reaps when it is asked for its children, and not before.
        "process_zombie" => {
            &["ended and not waited for: Z", "after wait: no such process"]
        }
        // Python's children outlive a parent that is killed.
        "process_orphan" => {
            &["the parent: process #1 was killed by signal 9 (SIGKILL)"]
        }
        // Python's queue waits for ever for a job that a consumer took with it.
        "queue_lost" => &[
            "consumer: job 10 is done",
            "consumer: job 20 is done",
            "parent: job 40 was still in the queue",
        ],
        // Python's pool waits for ever for the result of a killed worker.
        "pool_killed" => &[
            "item 0: 0",
            "item 2: 200",
            "item 4: 400",
            "item 5: 500",
            "the pool still works: [700, 800]",
        ],
        // Python's pool stops waiting and lets the task run on.
        "pool_timeout" => &["100 / 7 = 14", "100 / 10 = 10", "100 / 33 = 3"],
        // Python's `imap` reads its whole input at once.
        "pool_lazy" => &["27 is the first with more than 100 steps: 111"],
        // The twin makes Python's typical mistake first.
        "shared_value" => &["before: 0.0000", "after: 3.1416"],
        // Python has no atomic addition.
        "shared_race" => &[
            "in two steps: 100",
            "under the lock: 200",
            "by messages: 200",
        ],
        // Python's lock stays locked for ever.
        "sync_dead_owner" => &["the transfer was killed: true"],
        // Python's pools lose the pool where ours loses the task.
        "failure_table" => &["  the next task: 9"],
        // Rust says more about how a process ended.
        "failure_supervisor" => &[
            "a late start: next attempt in 20ms",
            "a late start: connected",
            "a broken program: next attempt in 40ms",
            "a broken program: given up after 4 attempts",
            "a bad input: not tried again, line 7 is no number",
        ],
        _ => return None,
    })
}

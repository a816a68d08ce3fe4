//! The diary of a run: `MULTIPROC_TRACE=FILE` with any example.

use crate::build::program;
use crate::run::run;
use crate::{Outcome, named, same};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        named("trace", "tasks", || diary("pool_map", &["spawn", "task"])),
        named("trace", "queue", || diary("queue_pipeline", &["queue"])),
        named("trace", "pipe", || diary("pipe_ping_pong", &["pipe"])),
        named("trace", "barrier", || diary("sync_barrier", &["wait"])),
        named("trace", "condition", || diary("sync_condition", &["wait"])),
        named("trace", "event", || diary("sync_event", &["wait"])),
        named("trace", "semaphore", || diary("sync_semaphore", &["wait"])),
    ]
}

/// Whether a run of the example leaves a diary with events of these categories
/// from several processes, each of them whole, and nothing ends that has not begun.
fn diary(example: &str, categories: &[&str]) -> Outcome {
    let file = format!("multiproc-trace-{example}-{}", std::process::id());
    let path = std::env::temp_dir().join(file);
    let mut command = Command::new(program(example)?);
    let finished = run(command.env("MULTIPROC_TRACE", &path))?;
    let text = fs::read_to_string(&path).map_err(|error| error.to_string());
    let _ = fs::remove_file(&path);
    same("status", finished.status.code(), Some(0))?;
    let events = events(&text?)?;

    let mut open: HashMap<_, i32> = HashMap::new();
    for event in &events {
        let count = open.entry((&event["pid"], &event["tid"])).or_default();
        match event["ph"].as_str() {
            Some("B") => *count += 1,
            Some("E") => *count -= 1,
            _ => {}
        }
        if *count < 0 {
            return Err(format!("ends, and has not begun: {event}"));
        }
    }
    let mut processes: Vec<_> = events.iter().map(|it| it["pid"].as_u64()).collect();
    processes.sort();
    processes.dedup();
    same("several processes", processes.len() > 1, true)?;
    for category in categories {
        if !events.iter().any(|event| event["cat"] == *category) {
            return Err(format!("nothing of the category {category}: {events:#?}"));
        }
    }
    Ok(())
}

/// The lines after the first, which opens an array that nobody closes.
fn events(text: &str) -> Result<Vec<Value>, String> {
    let lines = text.strip_prefix("[\n").ok_or("not an array")?.lines();
    let event = |line: &str| serde_json::from_str(line.trim_end_matches(','));
    lines
        .map(|line| event(line).map_err(|error| format!("{error}: {line}")))
        .collect()
}

//! Programs whose lines go to a page, or into the state of the book.

use super::Reader;
use super::stream::{Gone, Teller};
use crate::run::{Order, Run};
use crate::supervise::Limits;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

/// Cargo's limits: the first build of all takes its time on a slow machine.
pub(super) const BUILD: Limits = Limits {
    time: Duration::from_secs(900),
    output: 64 * 1024 * 1024,
};

/// What of a program's lines a page gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// All of them, as they are.
    All,
    /// Standard error, as news from the compiler.
    Building,
    /// Standard error, as news; standard output is the grade.
    Grading,
}

/// What a program left behind.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Standard output, where it was for the server.
    pub(super) output: String,
    /// How it ended, if that was told.
    pub(super) end: Option<Value>,
}

/// Runs a program and passes on what it says, until it ends, the page goes or asks
/// for the end.
pub(super) async fn follow(
    reader: &Reader,
    words: Vec<String>,
    limits: Limits,
    teller: &Teller,
    stop: &Notify,
    pass: Pass,
) -> Result<Left, Gone> {
    let folder = reader.project.root().to_owned();
    let order = Order {
        words,
        folder,
        limits,
    };
    let mut run = match Run::start(&reader.supervisor, &order) {
        Ok(run) => run,
        Err(error) => {
            let told = json!({"kind": "failed", "text": format!("{error:#}")});
            teller.tell(&told).await?;
            return Ok(Left::default());
        }
    };
    let mut beat = heartbeat();
    let mut left = Left::default();
    let told = loop {
        let told = tokio::select! {
            () = teller.gone() => Err(Gone),
            _ = beat.tick() => teller.tell(&json!({"kind": "beat"})).await,
            () = stop.notified() => {
                run.stop().await;
                Ok(())
            }
            line = run.line() => match line {
                Some(line) => pass_on(line, pass, teller, &mut left).await,
                None => break Ok(()),
            },
        };
        if told.is_err() {
            break told;
        }
    };
    run.end().await;
    told?;
    if left.end.is_none() {
        let text = "the program's supervisor has gone";
        teller
            .tell(&json!({"kind": "failed", "text": text}))
            .await?;
    }
    Ok(left)
}

async fn pass_on(
    line: String,
    pass: Pass,
    teller: &Teller,
    left: &mut Left,
) -> Result<(), Gone> {
    let value: Value = serde_json::from_str(&line).unwrap_or_default();
    let text = value["text"].as_str().unwrap_or_default();
    match (value["kind"].as_str(), pass) {
        (Some("end" | "failed"), _) => left.end = Some(value.clone()),
        (Some("out"), Pass::Building | Pass::Grading) => left.output.push_str(text),
        _ => {}
    }
    match (value["kind"].as_str(), pass) {
        (_, Pass::All) | (Some("failed"), _) => teller.line(line + "\n").await,
        (Some("err"), Pass::Building | Pass::Grading) => {
            teller
                .tell(&json!({"kind": "building", "text": text}))
                .await
        }
        _ => Ok(()),
    }
}

/// Brings an example up to date and tells where its program lies; `None` if it
/// does not compile or the build was stopped, which the page has been told.
pub(super) async fn build_example(
    reader: &Reader,
    name: &str,
    teller: &Teller,
    stop: &Notify,
) -> Result<Option<PathBuf>, Gone> {
    let mut words = cargo();
    let build = ["build", "--color", "never", "--example", name];
    words.extend(build.map(str::to_owned));
    words.push("--message-format=json-render-diagnostics".to_owned());
    let left = follow(reader, words, BUILD, teller, stop, Pass::Building).await?;
    let program = left.output.lines().rev().find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        let ours = value["target"]["name"] == name;
        ours.then(|| value["executable"].as_str().map(PathBuf::from))
            .flatten()
    });
    match left.end {
        Some(end) if end["code"] == 0 && program.is_some() => Ok(program),
        Some(end) if end["how"] == "ended" => {
            let text = "the example does not compile; the reasons are above";
            teller
                .tell(&json!({"kind": "failed", "text": text}))
                .await?;
            Ok(None)
        }
        Some(end) if end["kind"] == "end" => {
            teller.tell(&end).await?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Builds all examples, so that the first run of each starts at once. What the
/// compiler says goes into the state of the book.
pub(super) async fn build_examples(reader: &Reader) {
    let mut words = cargo();
    let build = ["build", "--color", "never", "--examples"];
    words.extend(build.map(str::to_owned));
    let folder = reader.project.root().to_owned();
    let order = Order {
        words,
        folder,
        limits: BUILD,
    };
    let Ok(mut run) = Run::start(&reader.supervisor, &order) else {
        return;
    };
    let mut state = "failed";
    loop {
        let line = tokio::select! {
            () = reader.closing.notified() => break,
            line = run.line() => line,
        };
        let Some(line) = line else { break };
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        if value["kind"] == "end" && value["code"] == 0 {
            state = "ready";
        }
        let text = value["text"].as_str().unwrap_or_default().trim();
        if let Some(last) = text.lines().last() {
            let last = last.trim().to_owned();
            reader.status.send_modify(|status| status.building = last);
        }
    }
    run.end().await;
    reader
        .status
        .send_modify(|status| state.clone_into(&mut status.examples));
}

/// The command line of cargo, up to its own words.
pub(super) fn cargo() -> Vec<String> {
    vec![std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())]
}

/// Ticks every second: a page that is gone shows in nothing but a failed write.
pub(super) fn heartbeat() -> tokio::time::Interval {
    let mut beat = interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

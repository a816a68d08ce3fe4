//! `failure_half_written`: a signal between two parts of a file.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::json;

use super::common::counted;
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop};
use crate::supervise::Exit;
use crate::verdict::Verdict;

const NAME: &str = "result.txt";

/// What is sent, and to whom.
#[derive(Clone, Copy, PartialEq)]
enum Sent {
    /// SIGTERM to the main process.
    Terminate,
    /// SIGINT to the whole group, as the terminal does.
    Interrupt,
    /// SIGKILL to the main process.
    Kill,
}

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["whole"], |attempt| {
        let parts = parts(attempt);
        let finished = attempt.conduct(plan(&parts), |_, run| run.run_free())?;
        let answered = finished.answer == Some(json!(true));
        let seen = match &finished.answer {
            None => "the main process ended without one answer".to_owned(),
            Some(answer) => format!("no signal came, and the answer was {answer}"),
        };
        attempt.require("whole", Verdict::Fail, answered, seen);
        judge_files(attempt, "whole", &finished, &parts, true);
        judge_helper(attempt, "whole", &finished);
        attempt.sheet.pass("whole");
        Ok(())
    });
    attempt.part(&["terminated", "helper"], |attempt| {
        interrupted(attempt, "terminated", Sent::Terminate)
    });
    attempt.part(&["interrupted", "helper"], |attempt| {
        interrupted(attempt, "interrupted", Sent::Interrupt)?;
        attempt.sheet.pass("helper");
        Ok(())
    });
    attempt.part(&["killed"], |attempt| {
        let parts = parts(attempt);
        let mut run = attempt.start(plan(&parts))?;
        send_after_part(&mut run, Sent::Kill)?;
        let finished = run.finish()?;
        let found = finished.written.get(NAME);
        let whole = found.is_none_or(|text| text == parts.concat().as_bytes());
        let seen = match found {
            None => format!("{NAME} is absent"),
            Some(text) => format!(
                "{NAME} holds {} of {} bytes",
                text.len(),
                parts.concat().len()
            ),
        };
        attempt.check("killed", Verdict::Fail, whole, seen);
        Ok(())
    });
}

/// A signal comes after the second of four parts.
fn interrupted(
    attempt: &mut Attempt<'_>,
    check: &str,
    sent: Sent,
) -> Result<(), Stop> {
    let parts = parts(attempt);
    let mut run = attempt.start(plan(&parts))?;
    send_after_part(&mut run, sent)?;
    let finished = run.finish()?;
    let written = finished.log.iter().filter(
        |event| matches!(event, Event::Entered(visit) if visit.is_at("part")),
    );
    let written = written.count();
    let seen = format!(
        "the signal came after part 2, and {} were written in all",
        counted(written, "part")
    );
    // The program also says itself how it ended, in that it ends by itself.
    attempt.require(check, Verdict::Fail, written == 2, seen);
    let seen = format!("the main process ended with {}", finished.end.exit);
    let ended = finished.end.exit == Exit::Code(0);
    attempt.require(check, Verdict::Crashed, ended, seen);
    let there = finished.answer == Some(json!(true));
    judge_files(attempt, check, &finished, &parts, there);
    judge_helper(attempt, "helper", &finished);
    attempt.sheet.pass(check);
    Ok(())
}

/// Lets the program write two parts, sends the signal, and lets it go on.
fn send_after_part(run: &mut Run, sent: Sent) -> Result<(), Stop> {
    loop {
        let event = run.event()?;
        let Event::Entered(visit) = event else {
            if matches!(event, Event::Ended(_)) {
                return Ok(());
            }
            continue;
        };
        if run.told_at("part").len() == 2 {
            match sent {
                Sent::Terminate => run.signal(run.main(), Signal::TERM),
                Sent::Interrupt => run.signal_group(Signal::INT),
                Sent::Kill => run.signal(run.main(), Signal::KILL),
            }
            run.release(&visit);
            return Ok(());
        }
        run.release(&visit);
    }
}

/// The file must be whole or absent, as the answer says, and the only one.
fn judge_files(
    attempt: &mut Attempt<'_>,
    check: &str,
    finished: &Finished,
    parts: &[String],
    there: bool,
) {
    let mut expected = BTreeMap::new();
    if there {
        expected.insert(NAME.to_owned(), parts.concat().into_bytes());
    }
    let names: Vec<String> = finished
        .written
        .iter()
        .map(|(name, text)| format!("{name} with {} bytes", text.len()))
        .collect();
    let seen = format!(
        "files were left: {names:?}; a whole {NAME} would have {} bytes",
        parts.concat().len()
    );
    attempt.require(check, Verdict::Leaked, finished.written == expected, seen);
}

fn judge_helper(attempt: &mut Attempt<'_>, check: &str, finished: &Finished) {
    let left = finished.end.unreaped + finished.end.alive.len();
    let seen = "when the main process ended, it had not waited for its helper";
    attempt.require(check, Verdict::Leaked, left == 0, seen);
}

fn parts(attempt: &mut Attempt<'_>) -> Vec<String> {
    let part = |_| format!("part {}\n", attempt.random.u32(1000..9999));
    (0..4).map(part).collect()
}

fn plan(parts: &[String]) -> Plan {
    Plan {
        given: json!(parts),
        ..Plan::default()
    }
}

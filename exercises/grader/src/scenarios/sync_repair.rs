//! `sync_repair`: a worker dies between two steps, under a lock.

use rustix::process::Signal;
use serde_json::json;

use super::common::{clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop};
use crate::verdict::Verdict;

/// How many coins there are.
const TOTAL: i64 = 100;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        for lists in [vec![vec![7]], vec![], vec![vec![1, 2], vec![], vec![30, 4]]] {
            let moved: i64 = lists.iter().flatten().sum();
            let finished = attempt.conduct(plan(&lists), |_, run| run.run_free())?;
            let (right, seen) = compared(&finished, &[moved]);
            attempt.require("right", Verdict::Fail, right, seen);
            let own = finished.log.iter().any(|event| {
                matches!(event, Event::Entered(visit) if visit.process == finished.main)
            });
            let seen = "the main process moved coins itself";
            attempt.require("right", Verdict::NotParallel, !own, seen);
            if lists.len() > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["alone", "repaired", "marked"], one_dies);
}

fn plan(lists: &[Vec<i64>]) -> Plan {
    Plan {
        given: json!(lists),
        ..Plan::default()
    }
}

/// The first worker to come between its two steps dies there; the others wait.
fn one_dies(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let coins = attempt.random.i64(1..9);
    let lists = vec![vec![coins]; 3];
    let finished = attempt.conduct(plan(&lists), |attempt, run| {
        while run.event_or_rest()?.is_some() {}
        let between = run.held().len();
        let seen = format!(
            "all processes were at rest, and {} stood between the two steps at the \
             same time",
            counted(between, "worker")
        );
        attempt.check("alone", Verdict::Fail, between == 1, seen);
        kill_one(run)
    })?;
    // The move that was begun may be completed or taken back.
    let (right, seen) = compared(&finished, &[3 * coins, 2 * coins]);
    let seen = format!("a worker died between the two steps; {seen}");
    attempt.check("repaired", Verdict::Fail, right, seen);
    let in_order = finished
        .answer
        .as_ref()
        .is_some_and(|answer| answer[2] == true);
    let seen = match &finished.answer {
        None => "the main process ended without one answer",
        Some(_) => "the lock still warned of the dead worker at the end",
    };
    attempt.check("marked", Verdict::Fail, in_order, seen);
    Ok(())
}

fn kill_one(run: &mut Run) -> Result<(), Stop> {
    if let Some(visit) = run.held().into_iter().next() {
        run.signal(visit.process, Signal::KILL);
        while !matches!(run.event()?, Event::Lost(lost) if lost.id == visit.id) {}
    }
    Ok(())
}

/// Whether the accounts are as they are when one of these numbers was moved.
fn compared(finished: &Finished, moved: &[i64]) -> (bool, String) {
    let number = |place: usize| finished.answer.as_ref()?.get(place)?.as_i64();
    let (Some(left), Some(right)) = (number(0), number(1)) else {
        let seen = "the main process ended without one answer";
        return (false, seen.to_owned());
    };
    let expected: Vec<(i64, i64)> =
        moved.iter().map(|moved| (TOTAL - moved, *moved)).collect();
    let seen = format!(
        "the accounts hold {left} and {right}, {} together: expected one of \
         {expected:?}",
        left + right
    );
    (expected.contains(&(left, right)), seen)
}

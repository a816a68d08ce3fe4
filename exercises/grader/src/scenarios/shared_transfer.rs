//! `shared_transfer`: two accounts, and who is in the middle of what.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::{Compared, clean_end};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

/// What each account begins with.
const HALF: i64 = 1000;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        let mut amount = || attempt.random.i64(1..90);
        let alone = Bank {
            clerks: vec![vec![(0, amount()), (1, amount()), (0, amount())]],
            rounds: 0,
        };
        let quiet = Bank {
            clerks: vec![vec![]],
            rounds: 2,
        };
        for bank in [alone, quiet] {
            let finished = attempt.conduct(bank.plan(), |_, run| run.run_free())?;
            let answer = bank.compared(finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.right(), answer);
            clean_end(attempt, "clean", &finished);
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    if !attempt.sheet.passed("right") {
        return; // nothing else counts then
    }
    attempt.part(&["whole"], |attempt| {
        one_in_the_middle(attempt, "whole", "transfer", "audit")
    });
    attempt.part(&["audit"], |attempt| {
        one_in_the_middle(attempt, "audit", "audit", "transfer")
    });
    attempt.part(&["crossing"], crossing);
}

/// One clerk and one auditor. The one that begins at `first` is stopped in front of
/// its second lock until the other, which begins at `then`, cannot go on.
fn one_in_the_middle(
    attempt: &mut Attempt<'_>,
    check: &str,
    first: &str,
    then: &str,
) -> Result<(), Stop> {
    let bank = Bank {
        // Not the other way: to take the locks in the order in which the money goes
        // is wrong, but that is for the two clerks to show.
        clerks: vec![vec![(0, attempt.random.i64(1..90))]],
        rounds: 1,
    };
    let mut process = 0;
    let finished = attempt.conduct(bank.plan(), |_, run| {
        run.gather(2)?;
        process = process_at(run, first);
        let other = process_at(run, then);
        step(run, process)?; // in front of its first lock
        step(run, process)?; // in front of its second lock, or done
        while step(run, other)? {}
        Ok(())
    })?;
    let locks = locks_of(&finished, process);
    let article = if first == "audit" { "an" } else { "a" };
    let answer = bank.compared(finished.answer);
    let seen = if locks.len() < 2 {
        format!("in {article} {first}, an account was reached for without its lock")
    } else {
        let other = if then == "audit" { "an" } else { "a" };
        format!(
            "{article} {first} was stopped in front of its second lock, and then came \
             {other} {then}; {answer}"
        )
    };
    let right = locks.len() == 2 && answer.right();
    attempt.check(check, Verdict::Fail, right, seen);
    Ok(())
}

/// Two clerks that move money in opposite directions, each with its first lock.
fn crossing(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let mut amount = || attempt.random.i64(1..90);
    let bank = Bank {
        clerks: vec![vec![(0, amount())], vec![(1, amount())]],
        rounds: 0,
    };
    let mut clerks = Vec::new();
    let finished = attempt.conduct(bank.plan(), |_, run| {
        clerks = run.gather(2)?.iter().map(|visit| visit.process).collect();
        for clerk in &clerks {
            step(run, *clerk)?; // in front of its first lock
            step(run, *clerk)?; // behind it, if it can be had
        }
        Ok(())
    })?;
    let taken = clerks.iter().map(|clerk| locks_of(&finished, *clerk).len());
    let answer = bank.compared(finished.answer.clone());
    let seen = if taken.clone().all(|count| count == 2) {
        format!("two clerks moved money in opposite directions; {answer}")
    } else {
        "in a transfer, an account was reached for without its lock".to_owned()
    };
    let right = answer.right() && taken.clone().all(|count| count == 2);
    attempt.check("crossing", Verdict::Fail, right, seen);
    Ok(())
}

fn process_at(run: &Run, point: &str) -> u32 {
    let held = run.held();
    let found = held.iter().find(|visit| visit.is_at(point));
    found.map_or(0, |visit| visit.process)
}

/// Lets `process` go on from where it is kept waiting, until it comes to its next
/// point or nothing moves any more. Tells whether it came to one.
fn step(run: &mut Run, process: u32) -> Result<bool, Stop> {
    if let Some(visit) = held_of(run, process) {
        run.release(&visit);
    }
    while held_of(run, process).is_none() {
        match run.event_or_rest() {
            Ok(Some(_)) => {}
            Ok(None) | Err(Stop::Ended(_)) => return Ok(false),
            Err(stop) => return Err(stop),
        }
    }
    Ok(true)
}

fn held_of(run: &Run, process: u32) -> Option<Visit> {
    let mut held = run.held().into_iter();
    held.find(|visit| visit.process == process)
}

/// Which locks the process has taken.
fn locks_of(finished: &Finished, process: u32) -> BTreeSet<i64> {
    let locks = finished.log.iter().filter_map(|event| match event {
        Event::Entered(visit) if visit.process == process && visit.is_at("lock") => {
            visit.number()
        }
        _ => None,
    });
    locks.collect()
}

/// The orders of each clerk, from which account and how much, and how often the
/// auditor looks.
struct Bank {
    clerks: Vec<Vec<(usize, i64)>>,
    rounds: usize,
}

impl Bank {
    fn plan(&self) -> Plan {
        Plan {
            given: json!([self.clerks, self.rounds]),
            ..Plan::default()
        }
    }

    fn compared(&self, got: Option<Value>) -> Compared {
        let into_second: i64 = self
            .clerks
            .iter()
            .flatten()
            .map(|(from, amount)| if *from == 0 { *amount } else { -amount })
            .sum();
        let expected = json!([
            vec![2 * HALF; self.rounds],
            HALF - into_second,
            HALF + into_second
        ]);
        let given = format!(
            "accounts of {HALF} each and the orders (from, amount) {:?}, audits and \
             accounts at the end",
            self.clerks
        );
        Compared::new(given, expected, got)
    }
}

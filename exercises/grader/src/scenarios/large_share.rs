//! `large_share`: several processes on one array, and how much they copy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::{Compared, clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

/// Enough for a copy to show beside what every process has of its own.
const LENGTH: usize = 2_000_000;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        // One worker; nothing at all; fewer numbers than workers; a last part that is
        // not like the others.
        for (length, workers) in [(4, 1), (0, 2), (2, 3), (1003, 4)] {
            let numbers = Numbers::random(attempt, length, workers);
            let finished =
                attempt.conduct(numbers.plan(), |_, run| run.run_free())?;
            let answer = numbers.compared(finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.right(), answer);
            if length > workers {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["at_once", "small"], all_are_looked_at);
}

/// All workers are kept waiting with their parts in hand.
fn all_are_looked_at(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let workers = attempt.random.usize(3..=4);
    let numbers = Numbers::random(attempt, LENGTH, workers);
    let finished = attempt.conduct(numbers.plan(), |attempt, run| {
        let held = run.gather(workers)?;
        judge_parts(attempt, run, &held, workers);
        judge_memory(attempt, run, &held, workers);
        Ok(())
    })?;
    let answer = numbers.compared(finished.answer);
    attempt.require("right", Verdict::Fail, answer.right(), answer);
    Ok(())
}

fn judge_parts(
    attempt: &mut Attempt<'_>,
    run: &Run,
    held: &[Visit],
    workers: usize,
) {
    let own = held.iter().any(|visit| visit.process == run.main());
    let processes: BTreeSet<u32> = held.iter().map(|visit| visit.process).collect();
    let largest = held.iter().filter_map(Visit::number).max().unwrap_or(0);
    let seen = if own {
        "a part was worked on in the main process itself, not in a worker".to_owned()
    } else {
        format!(
            "{} of {workers} workers worked at the same time; the largest part had \
             {largest} of {LENGTH} numbers",
            processes.len()
        )
    };
    let fair = usize::try_from(largest).is_ok_and(|it| it <= 2 * LENGTH / workers);
    let right = !own && processes.len() == workers && fair;
    attempt.check("at_once", Verdict::NotParallel, right, seen);
}

/// A process that has a copy of its part has at least as much memory of its own.
fn judge_memory(
    attempt: &mut Attempt<'_>,
    run: &Run,
    held: &[Visit],
    workers: usize,
) {
    let share = 8 * LENGTH as u64 / workers as u64;
    for visit in held {
        let part = visit.number().unwrap_or(0).unsigned_abs() * 8;
        let own = run.memory(visit.process).own;
        let seen = format!(
            "process {} worked on a part of {} KiB, and had {} KiB of memory of its \
             own",
            visit.inner,
            part / 1024,
            own / 1024
        );
        attempt.require("small", Verdict::Fail, own < share / 2, seen);
    }
    attempt.sheet.pass("small");
}

/// Numbers that count up from `first`, cut to three digits.
struct Numbers {
    length: usize,
    first: i64,
    workers: usize,
}

impl Numbers {
    fn random(attempt: &mut Attempt<'_>, length: usize, workers: usize) -> Numbers {
        Numbers {
            length,
            first: attempt.random.i64(1..900),
            workers,
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            given: json!([self.length, self.first, self.workers]),
            ..Plan::default()
        }
    }

    /// What the program is to hand in: its own arithmetic.
    fn digest(&self) -> i64 {
        let numbers = (self.first..).take(self.length).map(|number| number % 1000);
        numbers.fold(0, |sum: i64, number| {
            sum.wrapping_mul(31).wrapping_add(number * number)
        })
    }

    fn compared(&self, got: Option<Value>) -> Compared {
        let numbers = counted(self.length, "number");
        let given = format!("{numbers} and {}", counted(self.workers, "worker"));
        Compared::new(given, json!(self.digest()), got)
    }
}

//! `pool_from_parts`: a pool whose workers take the next task when they are free.

use serde_json::json;

use super::common::{Batch, Compared, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        for (tasks, workers) in [(0, 2), (2, 4), (7, 3)] {
            let batch = Batch::random(&mut attempt.random, tasks);
            let plan = plan(&batch, workers);
            let finished = attempt.conduct(plan, |_, run| run.run_free())?;
            let given = format!(
                "{} and {}",
                counted(tasks, "task"),
                counted(workers, "worker")
            );
            let squares = json!(batch.squares());
            let answer = Compared::new(given, squares, finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.right(), answer);
            if tasks > workers {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["team", "balance", "once"], |attempt| {
        // Whichever task it is: at the start, and at the end of the first round.
        let workers = attempt.random.usize(3..=4);
        for held in [0, workers - 1] {
            let batch = Batch::random(&mut attempt.random, 3 * workers);
            let finished =
                attempt.conduct(plan(&batch, workers), |attempt, run| {
                    judge_team(
                        attempt,
                        run,
                        Team::workers(workers),
                        ["team", "team"],
                    )?;
                    hold_one(attempt, run, &batch, held)
                })?;
            judge_once(attempt, &finished, &batch);
        }
        attempt.sheet.pass("balance");
        attempt.sheet.pass("once");
        Ok(())
    });
}

fn plan(batch: &Batch, workers: usize) -> Plan {
    Plan {
        given: json!([workers, batch.tasks]),
        orders: batch.orders(),
        ..Plan::default()
    }
}

/// Keeps one task waiting and lets all others in, until nothing moves any more.
fn hold_one(
    attempt: &mut Attempt<'_>,
    run: &mut Run,
    batch: &Batch,
    place: usize,
) -> Result<(), Stop> {
    loop {
        let held = run.held_tasks();
        let other = |visit: &&Visit| batch.place(visit) != Some(place);
        match held.iter().find(other) {
            Some(visit) => run.release(visit),
            None => {
                if run.event_or_rest()?.is_none() {
                    break;
                }
            }
        }
    }
    let left = run.log().iter().filter(|it| matches!(it, Event::Left(..)));
    let (done, all) = (left.count(), batch.tasks.len() - 1);
    let seen = format!(
        "task {place} was kept waiting and all processes were at rest: {done} of the \
         {all} other tasks were done, the rest still waited"
    );
    attempt.require("balance", Verdict::NotParallel, done >= all, seen);
    Ok(())
}

/// Each task must have been entered once.
fn judge_once(attempt: &mut Attempt<'_>, finished: &Finished, batch: &Batch) {
    for place in 0..batch.tasks.len() {
        let entered = finished.log.iter().filter(|event| {
            matches!(event, Event::Entered(visit)
                if batch.place(visit) == Some(place))
        });
        let entered = entered.count();
        let seen = format!("task {place} was entered {entered} times");
        attempt.require("once", Verdict::Fail, entered == 1, seen);
    }
}

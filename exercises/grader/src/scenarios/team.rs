//! A team of workers: how many work at once, and what comes of it when they finish
//! in reverse. The checks are called `workers`, `at_once` and `order`.

use std::fmt::Display;

use super::common::{Batch, Team, judge_team, let_through, see_through};
use crate::attempt::Attempt;
use crate::run::{Finished, Plan, Stop};
use crate::verdict::Verdict;

/// Keeps all workers waiting, and always lets in the one whose task is last in the
/// input. Tells also whether any task could finish before an earlier one.
pub(super) fn in_reverse(
    attempt: &mut Attempt<'_>,
    plan: Plan,
    batch: &Batch,
    size: usize,
) -> Result<(Finished, bool), Stop> {
    let mut turned = false;
    let mut left = batch.tasks.len();
    let finished = attempt.conduct(plan, |attempt, run| {
        judge_team(attempt, run, Team::workers(size), ["workers", "at_once"])?;
        while let Some(last) = run
            .held_tasks()
            .into_iter()
            .max_by_key(|visit| batch.place(visit))
        {
            let others = run.held_tasks().len() > 1;
            if others && !turned {
                // At rest again, its result is with the main process: before
                // that of an earlier task. Once is enough; rest takes time.
                see_through(run, &last)?;
            } else {
                let_through(run, &last)?;
            }
            turned |= others;
            left = left.saturating_sub(1);
            match run.gather(size.min(left)) {
                Ok(_) | Err(Stop::Ended(_)) => {} // it may have dropped some
                Err(stop) => return Err(stop),
            }
            if run.held_tasks().len() > size {
                let seen = format!("{} tasks ran at once", run.held_tasks().len());
                attempt.sheet.fail("at_once", Verdict::Fail, seen);
            }
        }
        Ok(())
    })?;
    Ok((finished, turned))
}

/// Notes whether the results kept their order although tasks finished in reverse.
pub(super) fn judge_order(
    attempt: &mut Attempt<'_>,
    turned: bool,
    right: bool,
    seen: impl Display,
) {
    if turned {
        attempt.check("order", Verdict::Fail, right, seen);
    } else {
        let seen = "no two tasks ever ran at the same time, so none could finish \
                    before an earlier one";
        attempt.sheet.fail("order", Verdict::NotParallel, seen);
    }
}

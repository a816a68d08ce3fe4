//! `process_square`: another process computes, and its result comes back.

use serde_json::json;

use super::common::{Batch, Compared};
use crate::attempt::Attempt;
use crate::run::{Plan, Run, Stop, Visit};
use crate::supervise::Exit;
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right"], |attempt| {
        let random = attempt.random.i64(2..1_000_000);
        for number in [0, -1, random] {
            let plan = plan(attempt, number);
            let finished = attempt.conduct(plan, |_, run| run.run_free())?;
            let given = format!("a task on {number}");
            let squared = json!(number * number);
            let answer = Compared::new(given, squared, finished.answer);
            attempt.require("right", Verdict::Fail, answer.right(), answer);
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["elsewhere", "once"], |attempt| {
        let number = attempt.random.i64(2..1_000_000);
        let plan = plan(attempt, number);
        attempt.conduct(plan, |attempt, run| {
            // One more than there may be: this ends when all is at rest.
            let held = match run.gather(2) {
                // Who was at work when it ended is of no use to anybody.
                Err(Stop::Ended(end)) if end.exit == Exit::Code(0) => Vec::new(),
                other => other?,
            };
            judge_place(attempt, run, &held);
            Ok(())
        })?;
        Ok(())
    });
}

/// Looks who works on the task while it is kept waiting.
fn judge_place(attempt: &mut Attempt<'_>, run: &Run, held: &[Visit]) {
    let (verdict, seen) = if held.is_empty() {
        (Verdict::Fail, "nobody worked on the task to its end")
    } else {
        (
            Verdict::NotParallel,
            "the main process itself worked on the task; a thread of the main \
             process is no other process",
        )
    };
    let main = run.main();
    let elsewhere =
        !held.is_empty() && held.iter().all(|visit| visit.process != main);
    attempt.check("elsewhere", verdict, elsewhere, seen);
    let seen = format!("the task was in the hands of {} at once", held.len());
    attempt.check("once", Verdict::Fail, held.len() == 1, seen);
}

fn plan(attempt: &mut Attempt<'_>, number: i64) -> Plan {
    let batch = Batch::of(&mut attempt.random, vec![Batch::number(number)]);
    Plan {
        given: json!(batch.tasks[0]),
        orders: batch.orders(),
        ..Plan::default()
    }
}

//! `pipe_echo`: a worker that answers until nobody asks any more.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{
    Batch, Compared, Team, clean_end, counted, judge_team, let_through,
};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["reply", "end", "clean"], |attempt| {
        for questions in [1, 0, 5] {
            let batch = Batch::random(&mut attempt.random, questions);
            let finished = attempt.conduct(plan(&batch), |_, run| run.run_free())?;
            judge_reply(attempt, &batch, &finished);
            if questions > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("reply");
        attempt.sheet.pass("end");
        Ok(())
    });
    attempt.part(&["worker"], |attempt| {
        let batch = Batch::random(&mut attempt.random, 3);
        attempt.conduct(plan(&batch), |attempt, run| {
            judge_team(attempt, run, Team::workers(1), ["worker", "worker"])
        })?;
        Ok(())
    });
    attempt.part(&["killed"], worker_is_killed);
}

/// Judges the replies and the worker's own count of them.
fn judge_reply(attempt: &mut Attempt<'_>, batch: &Batch, finished: &Finished) {
    let expected = json!([batch.squares(), batch.tasks.len()]);
    let given = counted(batch.tasks.len(), "question");
    let part =
        |place: usize| finished.answer.as_ref().map(|both| both[place].clone());
    let own = finished.log.iter().any(|event| {
        matches!(event, Event::Entered(visit)
            if visit.process == finished.main && visit.task().is_some())
    });
    if own {
        let seen = "the questions were answered in the main process itself";
        attempt.sheet.fail("reply", Verdict::Fail, seen);
    }
    let replies = Compared::new(given.clone(), expected[0].clone(), part(0));
    attempt.require("reply", Verdict::Fail, replies.right(), &replies);
    let count = Compared::new(given, expected[1].clone(), part(1));
    let seen = format!("the worker's count, {count}");
    attempt.require("end", Verdict::Fail, count.right(), seen);
}

/// The worker answers twice and is killed over the third question.
fn worker_is_killed(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let batch = Batch::random(&mut attempt.random, 4);
    let finished = attempt.conduct(plan(&batch), |_, run| {
        for place in 0..3 {
            run.gather(1)?;
            let held = run.held_tasks().into_iter().next();
            let Some(visit) = held else { break };
            if place < 2 {
                let_through(run, &visit)?;
                continue;
            }
            run.signal(visit.process, Signal::KILL);
            while !matches!(run.event()?, Event::Lost(lost) if lost.id == visit.id) {
            }
        }
        Ok(())
    })?;
    let expected: Value = json!([batch.squares()[..2], null]);
    let given = "4 questions, and a worker that was killed over the third";
    let answer = Compared::new(given, expected, finished.answer);
    attempt.check("killed", Verdict::Fail, answer.right(), answer);
    Ok(())
}

fn plan(batch: &Batch) -> Plan {
    Plan {
        given: json!(batch.tasks),
        orders: batch.orders(),
        ..Plan::default()
    }
}

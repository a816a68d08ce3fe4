//! `failure_report`: what became of each task.

use probe::protocol::{Ending, Order};
use serde_json::{Value, json};

use super::common::{Batch, Compared, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Stop};
use crate::supervise::Exit;
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["done", "clean"], |attempt| {
        for tasks in [1, 0, 4] {
            let finished = report(attempt, "done", vec![Ending::Return; tasks])?;
            judge_status(attempt, &finished, 0);
            clean_end(attempt, "clean", &finished);
        }
        attempt.sheet.pass("done");
        Ok(())
    });
    attempt.part(&["panicked"], |attempt| {
        let message = format!("number {} is no number", attempt.random.u32(1..999));
        one_fails(attempt, "panicked", Ending::Panic(message))
    });
    attempt.part(&["exited"], |attempt| {
        let code = attempt.random.i32(1..=100);
        one_fails(attempt, "exited", Ending::Exit(code))?;
        one_fails(attempt, "exited", Ending::Exit(0))
    });
    attempt.part(&["killed"], |attempt| {
        let signal = attempt.random.choice([6, 9, 15]).unwrap_or(9);
        one_fails(attempt, "killed", Ending::Signal(signal))
    });
    attempt.part(&["at_once", "status"], |attempt| {
        let count = attempt.random.usize(3..=4);
        let mut endings = vec![Ending::Return; count];
        endings[0] = Ending::Exit(3);
        let tasks = Tasks::random(attempt, endings);
        let finished = attempt.conduct(tasks.plan(), |attempt, run| {
            judge_team(
                attempt,
                run,
                Team::of(count, "process of its own", "processes"),
                ["at_once", "at_once"],
            )
        })?;
        judge_status(attempt, &finished, 1);
        attempt.sheet.pass("status");
        Ok(())
    });
}

/// One of several tasks fails, in the middle.
fn one_fails(
    attempt: &mut Attempt<'_>,
    check: &str,
    ending: Ending,
) -> Result<(), Stop> {
    let endings = vec![Ending::Return, ending, Ending::Return];
    report(attempt, check, endings)?;
    attempt.sheet.pass(check);
    Ok(())
}

/// Lets the program make its report and compares it.
fn report(
    attempt: &mut Attempt<'_>,
    check: &str,
    endings: Vec<Ending>,
) -> Result<Finished, Stop> {
    let tasks = Tasks::random(attempt, endings);
    let finished = attempt.conduct(tasks.plan(), |_, run| run.run_free())?;
    let own = finished.log.iter().any(|event| {
        matches!(event, Event::Entered(visit)
            if visit.process == finished.main && visit.task().is_some())
    });
    if own {
        let seen =
            "expected work in other processes, and a task ran in the main one";
        attempt.sheet.fail(check, Verdict::NotParallel, seen);
    }
    let answer = tasks.compared(finished.answer.clone());
    attempt.require(check, Verdict::Fail, answer.right(), answer);
    Ok(finished)
}

fn judge_status(attempt: &mut Attempt<'_>, finished: &Finished, expected: i32) {
    let exit = &finished.end.exit;
    let what = match expected {
        0 => "every task had its result",
        _ => "one task had failed",
    };
    let seen = format!("{what}, and the main process ended with {exit}");
    attempt.require("status", Verdict::Fail, *exit == Exit::Code(expected), seen);
}

/// Tasks, and how each ends.
struct Tasks {
    batch: Batch,
}

impl Tasks {
    fn random(attempt: &mut Attempt<'_>, endings: Vec<Ending>) -> Tasks {
        let random = &mut attempt.random;
        let content = endings.into_iter().map(|ending| Order {
            number: random.i64(10..1000),
            ending,
            ..Order::default()
        });
        let content = content.collect();
        Tasks {
            batch: Batch::of(random, content),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            given: json!(self.batch.tasks),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn compared(&self, got: Option<Value>) -> Compared {
        let expected: Vec<Value> = self.batch.content.iter().map(outcome).collect();
        let given = counted(self.batch.tasks.len(), "task");
        Compared::new(given, json!(expected), got)
    }
}

fn outcome(order: &Order) -> Value {
    match &order.ending {
        Ending::Return | Ending::Hang => {
            json!({ "Done": order.number * order.number })
        }
        Ending::Panic(message) => json!({ "Panicked": message }),
        Ending::Exit(code) => json!({ "Exited": code }),
        Ending::Signal(signal) => json!({ "Killed": signal }),
    }
}

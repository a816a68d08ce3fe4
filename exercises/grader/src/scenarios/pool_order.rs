//! `pool_order`: results in input order although tasks finish in reverse.

use serde_json::{Value, json};

use super::common::{Batch, clean_end, counted};
use super::team;
use crate::attempt::Attempt;
use crate::run::{Plan, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["one"], |attempt| {
        let answer = answer_to(attempt, 1, 1)?;
        attempt.check("one", Verdict::Fail, answer.in_order(), answer);
        Ok(())
    });
    attempt.part(&["right"], |attempt| {
        // Nothing to do; fewer tasks than workers; a last round that is not full.
        for (tasks, workers) in [(0, 2), (2, 4), (7, 3)] {
            let answer = answer_to(attempt, tasks, workers)?;
            if !answer.complete() {
                attempt
                    .sheet
                    .fail("right", Verdict::Fail, answer.to_string());
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["workers", "at_once", "order", "clean"], in_reverse);
}

/// The results come in an order that is not that of the input.
fn in_reverse(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let size = attempt.random.usize(3..=4);
    let batch = Batch::random(&mut attempt.random, 2 * size + 1);
    let (finished, turned) =
        team::in_reverse(attempt, plan(&batch, size), &batch, size)?;
    let answer = Answered::new(&batch, finished.answer.clone());
    team::judge_order(attempt, turned, answer.in_order(), answer);
    clean_end(attempt, "clean", &finished);
    Ok(())
}

/// Lets the program run as it likes.
fn answer_to(
    attempt: &mut Attempt<'_>,
    tasks: usize,
    team: usize,
) -> Result<Answered, Stop> {
    let batch = Batch::random(&mut attempt.random, tasks);
    let finished = attempt.conduct(plan(&batch, team), |_, run| run.run_free())?;
    Ok(Answered::new(&batch, finished.answer))
}

fn plan(batch: &Batch, team: usize) -> Plan {
    Plan {
        given: json!([team, batch.tasks]),
        orders: batch.orders(),
        ..Plan::default()
    }
}

/// What was asked and what was answered.
struct Answered {
    expected: Vec<i64>,
    got: Option<Value>,
}

impl Answered {
    fn new(batch: &Batch, got: Option<Value>) -> Answered {
        Answered {
            expected: batch.squares(),
            got,
        }
    }

    fn numbers(&self) -> Option<Vec<i64>> {
        serde_json::from_value(self.got.clone()?).ok()
    }

    fn in_order(&self) -> bool {
        self.numbers().as_ref() == Some(&self.expected)
    }

    /// All squares are there, in whatever order.
    fn complete(&self) -> bool {
        let sorted = |mut numbers: Vec<i64>| {
            numbers.sort_unstable();
            numbers
        };
        self.numbers().map(sorted) == Some(sorted(self.expected.clone()))
    }
}

impl std::fmt::Display for Answered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = counted(self.expected.len(), "task");
        let expected = json!(self.expected); // written as the answer is
        let Some(got) = &self.got else {
            return write!(
                formatter,
                "with {count}, the main process ended without one answer"
            );
        };
        if self.complete() {
            return write!(
                formatter,
                "the results of {count} came back in the order in which the \
                 tasks finished, not in the order of the input: expected {expected}, \
                 got {got}"
            );
        }
        write!(
            formatter,
            "the results of {count} are wrong: expected {expected}, got {got}"
        )
    }
}

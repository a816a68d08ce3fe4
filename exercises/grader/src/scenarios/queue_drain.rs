//! `queue_drain`: children print more than a pipe holds.

use probe::protocol::Order;
use probe::work::bytes_from;
use serde_json::json;

use super::common::{Batch, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["large", "clean"], |attempt| {
        // Much from one child; from none; little and much in turn.
        for sizes in [vec![100_000], vec![], vec![3, 200_000, 0, 90_000]] {
            let children = Children::random(attempt, &sizes);
            let finished =
                attempt.conduct(children.plan(), |_, run| run.run_free())?;
            let own = finished.log.iter().filter(|event| {
                matches!(event, Event::Entered(visit)
                    if visit.process == finished.main && visit.task().is_some())
            });
            let (right, seen) = match own.count() {
                0 => children.compared(&finished),
                own => {
                    let tasks = counted(own, "task");
                    (false, format!("{tasks} ran in the main process itself"))
                }
            };
            attempt.require("large", Verdict::Fail, right, seen);
            if sizes.len() > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("large");
        Ok(())
    });
    attempt.part(&["team"], all_at_once);
}

fn all_at_once(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let count = attempt.random.usize(3..=4);
    let children = Children::random(attempt, &vec![10; count]);
    attempt.conduct(children.plan(), |attempt, run| {
        judge_team(attempt, run, Team::children(count), ["team", "team"])
    })?;
    Ok(())
}

/// Tasks, and how many bytes each makes.
struct Children {
    batch: Batch,
}

impl Children {
    fn random(attempt: &mut Attempt<'_>, sizes: &[usize]) -> Children {
        let random = &mut attempt.random;
        let content = sizes.iter().map(|size| Order {
            number: random.i64(1..1 << 40),
            size: *size,
            ..Order::default()
        });
        let content = content.collect();
        Children {
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

    /// Whether all texts are there, and what was seen instead: their lengths, as
    /// nobody reads 200,000 bytes.
    fn compared(&self, finished: &Finished) -> (bool, String) {
        let content = self.batch.content.iter();
        let expected: Vec<Vec<u8>> = content
            .map(|order| bytes_from(order.number, order.size))
            .collect();
        let got: Option<Vec<Vec<u8>>> = finished
            .answer
            .clone()
            .and_then(|answer| serde_json::from_value(answer).ok());
        let lengths = |texts: &[Vec<u8>]| {
            let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
            format!("{lengths:?}")
        };
        let printed = lengths(&expected);
        let seen = match &got {
            None => "the main process ended without one answer".to_owned(),
            Some(got) if lengths(got) == printed => {
                format!("texts of {printed} bytes arrived, but not these")
            }
            Some(got) => format!(
                "the children printed {printed} bytes: expected as many, got {}",
                lengths(got)
            ),
        };
        (got.as_ref() == Some(&expected), seen)
    }
}

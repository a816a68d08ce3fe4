//! `queue_merge`: many producers, one consumer, and nobody knows how much will come.

use probe::Task;
use probe::protocol::Order;
use probe::work::bytes_from;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{
    Batch, Compared, Team, clean_end, counted, judge_team, let_through,
};
use crate::attempt::Attempt;
use crate::run::{Event, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["team"], |attempt| {
        let count = attempt.random.usize(3..=4);
        let lists = Lists::random(attempt, &vec![2; count]);
        attempt.conduct(lists.plan(), |attempt, run| {
            judge_team(
                attempt,
                run,
                Team::of(count, "producer", "producers"),
                ["team", "team"],
            )
        })?;
        Ok(())
    });
    attempt.part(&["right", "clean"], |attempt| {
        // One producer; none at all; one without work; more than a socket holds.
        for lengths in [vec![2], vec![], vec![1, 0, 3], vec![2, 2, 2]] {
            let lists = Lists::random(attempt, &lengths);
            let finished = attempt.conduct(lists.plan(), |_, run| run.run_free())?;
            let answer = lists.compared(&lists.bytes(), finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.complete(), answer);
            if lengths == [2, 2, 2] {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["killed"], one_is_killed);
}

/// The first producer sends the bytes of one task and is killed in its second.
fn one_is_killed(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let lists = Lists::random(attempt, &[2, 2, 1]);
    let finished = attempt.conduct(lists.plan(), |_, run| {
        run.gather(3)?;
        if let Some(first) = lists.held(run, 0) {
            let_through(run, &first)?;
        }
        // Its bytes are on their way; at rest, they have arrived.
        run.settle()?;
        if let Some(second) = lists.held(run, 1) {
            run.signal(second.process, Signal::KILL);
            while !matches!(run.event()?, Event::Lost(lost) if lost.id == second.id)
            {
            }
        }
        Ok(())
    })?;
    let mut expected = lists.bytes();
    let lost = lists.size(1);
    let start = lists.size(0);
    expected.drain(start..start + lost);
    let answer = lists.compared(&expected, finished.answer);
    let seen = format!("the first producer was killed in its second task; {answer}");
    attempt.check("killed", Verdict::Fail, answer.complete(), seen);
    Ok(())
}

/// A list of tasks for each producer; each task is worth so many bytes.
struct Lists {
    batch: Batch,
    lengths: Vec<usize>,
}

impl Lists {
    fn random(attempt: &mut Attempt<'_>, lengths: &[usize]) -> Lists {
        let random = &mut attempt.random;
        let count = lengths.iter().sum();
        // Several hundred messages are more than a channel of ipc-channel holds.
        let content = (0..count).map(|_| Order {
            number: random.i64(1..1 << 40),
            size: random.usize(300..400),
            ..Order::default()
        });
        let content = content.collect();
        Lists {
            batch: Batch::of(random, content),
            lengths: lengths.to_vec(),
        }
    }

    fn plan(&self) -> Plan {
        let mut tasks = self.batch.tasks.iter().cloned();
        let lists: Vec<Vec<Task>> = self
            .lengths
            .iter()
            .map(|length| tasks.by_ref().take(*length).collect())
            .collect();
        Plan {
            given: json!([lists])[0].clone(),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn size(&self, task: usize) -> usize {
        self.batch.content[task].size
    }

    /// All bytes, in the order of the tasks.
    fn bytes(&self) -> Vec<u8> {
        let content = self.batch.content.iter();
        content
            .flat_map(|order| bytes_from(order.number, order.size))
            .collect()
    }

    /// The visit to a task that is kept waiting.
    fn held(&self, run: &Run, task: usize) -> Option<Visit> {
        let mut held = run.held_tasks().into_iter();
        held.find(|visit| self.batch.place(visit) == Some(task))
    }

    fn compared(&self, expected: &[u8], got: Option<Value>) -> Compared {
        let given = format!(
            "{} with {}",
            counted(self.lengths.len(), "producer"),
            counted(self.batch.tasks.len(), "task"),
        );
        Compared::new(given, json!(expected), got)
    }
}

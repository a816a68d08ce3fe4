//! `pipe_big_message`: both sides send more than the pipes hold.

use probe::protocol::Order;
use probe::work::{bytes_from, checksum};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Batch, Compared, clean_end};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Stop};
use crate::verdict::Verdict;

/// More than a pipe holds, on either side of it.
const LARGE: usize = 300_000;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["small", "child"], |attempt| {
        for sizes in [(5, 9), (0, 3), (4, 0)] {
            let finished = exchange(attempt, "small", sizes)?;
            judge_child(attempt, &finished, sizes.1);
        }
        attempt.sheet.pass("small");
        attempt.sheet.pass("child");
        Ok(())
    });
    attempt.part(&["large", "clean"], |attempt| {
        for sizes in [(LARGE, 7), (7, LARGE), (LARGE, LARGE)] {
            exchange(attempt, "large", sizes)?;
        }
        attempt.sheet.pass("large");
        let finished = exchange(attempt, "small", (20, 20))?;
        clean_end(attempt, "clean", &finished);
        Ok(())
    });
    attempt.part(&["killed"], child_is_killed);
}

/// Lets the program exchange messages of these sizes: the child's, and ours.
fn exchange(
    attempt: &mut Attempt<'_>,
    check: &str,
    (theirs, ours): (usize, usize),
) -> Result<Finished, Stop> {
    let messages = Messages::random(attempt, theirs, ours);
    let finished = attempt.conduct(messages.plan(), |_, run| run.run_free())?;
    let expected = json!([messages.theirs(), messages.ours()]);
    let answer = messages.compared(expected, finished.answer.clone());
    let own = finished.log.iter().any(|event| {
        matches!(event, Event::Entered(visit)
            if visit.process == finished.main && visit.task().is_some())
    });
    if own {
        let seen = "the child's message was made in the main process itself";
        attempt.sheet.fail(check, Verdict::Fail, seen);
    }
    attempt.require(check, Verdict::Fail, answer.right(), answer);
    Ok(finished)
}

/// Looks whether another process has received our message.
fn judge_child(attempt: &mut Attempt<'_>, finished: &Finished, size: usize) {
    let received = finished.log.iter().find_map(|event| match event {
        Event::Entered(visit) if visit.is_at("received") => Some(visit),
        _ => None,
    });
    let right = received.is_some_and(|visit| {
        visit.process != finished.main && visit.number() == i64::try_from(size).ok()
    });
    let seen = match received {
        None => "no child has met the end of its input".to_owned(),
        Some(visit) => format!(
            "a child received {} of {size} bytes",
            visit.number().unwrap_or_default()
        ),
    };
    attempt.require("child", Verdict::Fail, right, seen);
}

/// The child is killed when it has received everything and not said so.
fn child_is_killed(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let messages = Messages::random(attempt, 50, 60);
    let finished = attempt.conduct(messages.plan(), |_, run| {
        run.gather(1)?;
        for visit in run.held_tasks() {
            run.release(&visit);
        }
        loop {
            if let Event::Entered(visit) = run.event()?
                && visit.is_at("received")
            {
                run.signal(visit.process, Signal::KILL);
                return Ok(());
            }
        }
    })?;
    let answer = messages.compared(Value::Null, finished.answer);
    let seen = format!("the child was killed before its receipt; {answer}");
    attempt.check("killed", Verdict::Fail, answer.right(), seen);
    Ok(())
}

/// A task that makes the child's message, and what ours is made of.
struct Messages {
    batch: Batch,
    number: i64,
    size: usize,
}

impl Messages {
    fn random(attempt: &mut Attempt<'_>, theirs: usize, ours: usize) -> Messages {
        let random = &mut attempt.random;
        let order = Order {
            number: random.i64(1..1 << 40),
            size: theirs,
            ..Order::default()
        };
        Messages {
            number: random.i64(1..1 << 40),
            size: ours,
            batch: Batch::of(random, vec![order]),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            given: json!([self.batch.tasks[0], self.number, self.size]),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn theirs(&self) -> u32 {
        let order = &self.batch.content[0];
        checksum(&bytes_from(order.number, order.size))
    }

    fn ours(&self) -> u32 {
        checksum(&bytes_from(self.number, self.size))
    }

    fn compared(&self, expected: Value, got: Option<Value>) -> Compared {
        let theirs = self.batch.content[0].size;
        let given = format!(
            "{theirs} bytes from the child and {} bytes from the parent",
            self.size
        );
        Compared::new(given, expected, got)
    }
}

//! `pipe_hang_up`: several writers, one reader, and the end of file.

use probe::protocol::Order;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Batch, Compared, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "reader", "clean"], |attempt| {
        for sizes in [vec![9], vec![], vec![80_000, 5, 70_000, 0]] {
            let writers = Writers::random(attempt, &sizes);
            let finished =
                attempt.conduct(writers.plan(), |_, run| run.run_free())?;
            let answer = writers.compared(writers.bytes(), finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.right(), answer);
            judge_reader(attempt, &finished, writers.bytes());
            if sizes.len() > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        attempt.sheet.pass("reader");
        Ok(())
    });
    attempt.part(&["team", "killed"], one_is_killed);
}

/// Looks whether a process of its own has read everything.
fn judge_reader(attempt: &mut Attempt<'_>, finished: &Finished, bytes: usize) {
    let mut read = finished.log.iter().filter_map(|event| match event {
        Event::Entered(visit) if visit.is_at("read") => Some(visit),
        _ => None,
    });
    let (right, seen) = match (read.next(), read.next()) {
        (None, _) => (false, "no reader has met the end of its input".to_owned()),
        (_, Some(_)) => (false, "there was more than one reader".to_owned()),
        (Some(reader), None) => {
            let read = reader.number();
            let right =
                reader.process != finished.main && read == i64::try_from(bytes).ok();
            let read = read.unwrap_or_default();
            (right, format!("the reader got {read} of {bytes} bytes"))
        }
    };
    attempt.require("reader", Verdict::Fail, right, seen);
}

/// All writers are kept waiting; one of them is killed before it has written.
fn one_is_killed(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let count = attempt.random.usize(3..=4);
    let sizes: Vec<usize> = (0..count).map(|place| 100 + place).collect();
    let writers = Writers::random(attempt, &sizes);
    let mut lost = 0;
    let finished = attempt.conduct(writers.plan(), |attempt, run| {
        judge_team(
            attempt,
            run,
            Team::of(count, "writer", "writers"),
            ["team", "team"],
        )?;
        if let Some(visit) = run.held_tasks().into_iter().next() {
            lost = writers.batch.place(&visit).map_or(0, |place| sizes[place]);
            run.signal(visit.process, Signal::KILL);
            while !matches!(run.event()?, Event::Lost(lost) if lost.id == visit.id) {
            }
        }
        Ok(())
    })?;
    let answer = writers.compared(writers.bytes() - lost, finished.answer);
    let seen = format!("one of the writers was killed; {answer}");
    attempt.check("killed", Verdict::Fail, answer.right(), seen);
    Ok(())
}

/// Tasks for writers; each prints so many bytes.
struct Writers {
    batch: Batch,
}

impl Writers {
    fn random(attempt: &mut Attempt<'_>, sizes: &[usize]) -> Writers {
        let random = &mut attempt.random;
        let content = sizes.iter().map(|size| Order {
            number: random.i64(1..1 << 40),
            size: *size,
            ..Order::default()
        });
        let content = content.collect();
        Writers {
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

    fn bytes(&self) -> usize {
        self.batch.content.iter().map(|order| order.size).sum()
    }

    fn compared(&self, expected: usize, got: Option<Value>) -> Compared {
        let given = counted(self.batch.tasks.len(), "writer");
        Compared::new(given, json!(expected), got)
    }
}

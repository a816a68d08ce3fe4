//! `failure_retry`: what is tried again, and how often.

use probe::protocol::{Ending, Order};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Batch, Compared, clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop};
use crate::verdict::Verdict;

/// The task that something happens to, among three.
const TARGET: usize = 1;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["done", "clean"], |attempt| {
        for count in [1, 0, 3] {
            let tasks = Tasks::random(attempt, count, Ending::Return);
            let finished = tasks.run(attempt, 3, 0)?;
            tasks.judge(attempt, "done", &finished, 1, tasks.squares());
            if count > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("done");
        Ok(())
    });
    attempt.part(&["retried", "others"], |attempt| {
        // Killed once, and as often as it may be without being given up.
        for (allowed, kills) in [(3, 1), (4, 3)] {
            let tasks = Tasks::random(attempt, 3, Ending::Return);
            let finished = tasks.run(attempt, allowed, kills)?;
            let squares = tasks.squares();
            tasks.judge(attempt, "retried", &finished, kills + 1, squares);
            tasks.judge_others(attempt, &finished);
        }
        attempt.sheet.pass("retried");
        attempt.sheet.pass("others");
        Ok(())
    });
    attempt.part(&["gives_up"], |attempt| {
        for allowed in [3, 1] {
            let tasks = Tasks::random(attempt, 3, Ending::Return);
            let finished = tasks.run(attempt, allowed, allowed + 2)?;
            let mut expected = tasks.squares();
            expected[TARGET] = json!({ "GaveUp": 9 });
            tasks.judge(attempt, "gives_up", &finished, allowed, expected);
        }
        attempt.sheet.pass("gives_up");
        Ok(())
    });
    attempt.part(&["panicked"], |attempt| {
        let message = format!("number {} is no number", attempt.random.u32(1..999));
        let tasks = Tasks::random(attempt, 3, Ending::Panic(message.clone()));
        let finished = tasks.run(attempt, 3, 0)?;
        let mut expected = tasks.squares();
        expected[TARGET] = json!({ "Panicked": message });
        tasks.judge(attempt, "panicked", &finished, 1, expected);
        attempt.sheet.pass("panicked");
        Ok(())
    });
    attempt.part(&["calm"], one_is_slow);
}

/// A task is kept at its work: who waits for it sleeps meanwhile.
fn one_is_slow(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let tasks = Tasks::random(attempt, 1, Ending::Return);
    let mut run = attempt.start(tasks.plan(3))?;
    // A second one does not come: this ends when all is at rest.
    match run.gather(2) {
        Err(stop @ Stop::Spinning) => {
            let seen = format!("while its process worked on a task: {stop}");
            attempt.sheet.fail("calm", Verdict::Fail, seen);
        }
        gathered => {
            gathered?;
            attempt.sheet.pass("calm");
        }
    }
    Ok(())
}

/// Some tasks, of which the second is the target.
struct Tasks {
    batch: Batch,
}

impl Tasks {
    fn random(attempt: &mut Attempt<'_>, count: usize, ending: Ending) -> Tasks {
        let random = &mut attempt.random;
        let content = (0..count).map(|place| Order {
            number: random.i64(10..1000),
            ending: match place {
                TARGET => ending.clone(),
                _ => Ending::Return,
            },
            ..Order::default()
        });
        let content = content.collect();
        Tasks {
            batch: Batch::of(random, content),
        }
    }

    fn squares(&self) -> Vec<Value> {
        let squares = self.batch.squares().into_iter();
        squares.map(|square| json!({ "Done": square })).collect()
    }

    /// Runs the program and kills the target's process at its first `kills` tries.
    fn run(
        &self,
        attempt: &mut Attempt<'_>,
        allowed: usize,
        kills: usize,
    ) -> Result<Finished, Stop> {
        attempt.conduct(self.plan(allowed), |_, run| self.kill(run, kills))
    }

    fn plan(&self, allowed: usize) -> Plan {
        Plan {
            given: json!([self.batch.tasks, allowed]),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn kill(&self, run: &mut Run, kills: usize) -> Result<(), Stop> {
        let mut killed = 0;
        while killed < kills {
            match run.event()? {
                Event::Entered(visit)
                    if self.batch.place(&visit) == Some(TARGET) =>
                {
                    run.signal(visit.process, Signal::KILL);
                    killed += 1;
                }
                Event::Entered(visit) => run.release(&visit),
                Event::Answered(..) | Event::Ended(_) => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// How often the task in this place was entered, and by whom.
    fn entries(&self, finished: &Finished, place: usize) -> (usize, bool) {
        let entered = finished.log.iter().filter_map(|event| match event {
            Event::Entered(visit) if self.batch.place(visit) == Some(place) => {
                Some(visit.process)
            }
            _ => None,
        });
        let processes: Vec<u32> = entered.collect();
        (processes.len(), processes.contains(&finished.main))
    }

    /// Compares the outcomes, and how often the target was tried.
    fn judge(
        &self,
        attempt: &mut Attempt<'_>,
        check: &str,
        finished: &Finished,
        tries: usize,
        expected: Vec<Value>,
    ) {
        let given = counted(self.batch.tasks.len(), "task");
        let answer = Compared::new(given, json!(expected), finished.answer.clone());
        for place in 0..self.batch.tasks.len() {
            let (entries, own) = self.entries(finished, place);
            if own {
                let seen = "a task ran in the main process itself";
                attempt.sheet.fail(check, Verdict::NotParallel, seen);
            }
            if place == TARGET || check == "done" {
                let seen = format!("a task had {entries} attempts, not {tries}");
                attempt.require(check, Verdict::Fail, entries == tries, seen);
            }
        }
        attempt.require(check, Verdict::Fail, answer.right(), answer);
    }

    /// The other tasks must have been run once.
    fn judge_others(&self, attempt: &mut Attempt<'_>, finished: &Finished) {
        for place in [0, 2] {
            let (entries, _) = self.entries(finished, place);
            let seen = format!(
                "a task that nobody killed had {entries} attempts, while another \
                 was killed"
            );
            attempt.require("others", Verdict::Fail, entries == 1, seen);
        }
    }
}

//! What several scenarios do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use probe::Task;
use probe::protocol::{Ending, Order};
use serde_json::Value;

use crate::attempt::Attempt;
use crate::run::{Event, Finished, Run, Stop, Visit};
use crate::supervise::Exit;
use crate::verdict::Verdict;

/// Tasks to hand out, and what they consist of.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// What the program is given: numbers that say nothing about the content.
    pub(super) tasks: Vec<Task>,
    /// What each task works on, in the order of the tasks.
    pub(super) content: Vec<Order>,
}

impl Batch {
    /// Tasks on random numbers.
    pub(super) fn random(random: &mut fastrand::Rng, count: usize) -> Batch {
        // Not sorted, so that sorting the results does not restore their order.
        let mut numbers = random.choose_multiple(10..1000, count);
        random.shuffle(&mut numbers);
        Batch::of(random, numbers.into_iter().map(Batch::number).collect())
    }

    /// Tasks with this content.
    pub(super) fn of(random: &mut fastrand::Rng, content: Vec<Order>) -> Batch {
        let mut ids = BTreeSet::new();
        while ids.len() < content.len() {
            ids.insert(random.u64(1..1 << 40));
        }
        let mut ids: Vec<u64> = ids.into_iter().collect();
        // Sorting by id must not restore the order of the input.
        random.shuffle(&mut ids);
        Batch {
            tasks: ids.into_iter().map(|id| Task::new(id, 0)).collect(),
            content,
        }
    }

    /// The order to work on `number`.
    pub(super) fn number(number: i64) -> Order {
        Order {
            number,
            ..Order::default()
        }
    }

    /// The order to end like this.
    pub(super) fn ending(ending: Ending) -> Order {
        Order {
            ending,
            ..Order::default()
        }
    }

    /// The orders behind the tasks.
    pub(super) fn orders(&self) -> BTreeMap<u64, Order> {
        let ids = self.tasks.iter().map(Task::id);
        ids.zip(self.content.iter().cloned()).collect()
    }

    /// The squares of the numbers, in the order of the tasks.
    pub(super) fn squares(&self) -> Vec<i64> {
        let numbers = self.content.iter().map(|order| order.number);
        numbers.map(|number| number * number).collect()
    }

    /// The place of a visit's task in the input.
    pub(super) fn place(&self, visit: &Visit) -> Option<usize> {
        self.tasks
            .iter()
            .position(|task| Some(task.id()) == visit.task())
    }
}

/// The processes that work on tasks, the main process not among them.
pub(super) fn workers(run: &Run, visits: &[Visit]) -> BTreeSet<u32> {
    let tasks = visits.iter().filter(|visit| visit.task().is_some());
    let mut workers: BTreeSet<u32> = tasks.map(|visit| visit.process).collect();
    workers.remove(&run.main());
    workers
}

/// Processes that are to work at the same time, by the word of the exercise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Team {
    size: usize,
    one: &'static str,
    many: &'static str,
}

impl Team {
    pub(super) fn workers(size: usize) -> Team {
        Team::of(size, "worker", "workers")
    }

    pub(super) fn children(size: usize) -> Team {
        Team::of(size, "child", "children")
    }

    pub(super) fn of(size: usize, one: &'static str, many: &'static str) -> Team {
        Team { size, one, many }
    }

    /// "1 child", "2 children".
    pub(super) fn counted(self, count: usize) -> String {
        format!("{count} {}", if count == 1 { self.one } else { self.many })
    }
}

/// Waits until all is at rest and judges two checks by who is being kept waiting:
/// whether each of the team's processes has a task in hand, and whether there are
/// as many tasks at once as that, and not one more.
pub(super) fn judge_team(
    attempt: &mut Attempt<'_>,
    run: &mut Run,
    team: Team,
    [each, at_once]: [&str; 2],
) -> Result<(), Stop> {
    let size = team.size;
    // One more than there may be: this ends when all is at rest.
    run.gather(size + 1)?;
    let held = run.held_tasks();
    let found = workers(run, &held);
    let own = held
        .iter()
        .filter(|visit| visit.process == run.main())
        .count();
    let seen = if own > 0 {
        format!(
            "{} ran in the main process itself, not in a {}",
            counted(own, "task"),
            team.one
        )
    } else {
        format!(
            "all processes were at rest, and tasks were in the hands of {} of the \
             {}",
            found.len(),
            team.counted(size)
        )
    };
    attempt.check(each, Verdict::NotParallel, found.len() >= size, seen);
    let were = if held.len() == 1 { "was" } else { "were" };
    let seen = format!(
        "when all processes were at rest, {} {were} being worked on at the same \
         time, by {}",
        counted(held.len(), "task"),
        team.counted(found.len())
    );
    let as_asked = held.len() == size && found.len() == size;
    attempt.check(at_once, Verdict::NotParallel, as_asked, seen);
    Ok(())
}

/// What was expected and what was handed in.
#[derive(Debug)]
pub(super) struct Compared {
    given: String,
    expected: Value,
    got: Option<Value>,
}

impl Compared {
    /// `given` is told to the learner: "2 tasks for 4 workers".
    pub(super) fn new(
        given: impl Into<String>,
        expected: Value,
        got: Option<Value>,
    ) -> Compared {
        Compared {
            given: given.into(),
            expected,
            got,
        }
    }

    pub(super) fn right(&self) -> bool {
        self.got.as_ref() == Some(&self.expected)
    }

    /// Whether all that was expected is there, in whatever order.
    pub(super) fn complete(&self) -> bool {
        let sorted = |value: &Value| {
            let mut items: Vec<String> =
                value.as_array()?.iter().map(Value::to_string).collect();
            items.sort_unstable();
            Some(items)
        };
        self.got.as_ref().and_then(sorted) == sorted(&self.expected)
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared {
            given,
            expected,
            got,
        } = self;
        match got {
            None => write!(
                formatter,
                "given {given}, the main process ended without one answer"
            ),
            Some(got) => {
                write!(formatter, "given {given}: expected {expected}, got {got}")
            }
        }
    }
}

/// "1 task", "2 tasks".
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Lets one visitor in and waits until it has left.
pub(super) fn let_through(run: &mut Run, visit: &Visit) -> Result<(), Stop> {
    run.release(visit);
    loop {
        match run.event()? {
            Event::Left(left, _) | Event::Lost(left) if left.id == visit.id => {
                return Ok(());
            }
            _ => {}
        }
    }
}

/// The same, and waits until all is at rest again.
pub(super) fn see_through(run: &mut Run, visit: &Visit) -> Result<(), Stop> {
    let_through(run, visit)?;
    run.settle()
}

/// Notes under `check` whether the program ended well and left nothing behind.
pub(super) fn clean_end(
    attempt: &mut Attempt<'_>,
    check: &str,
    finished: &Finished,
) {
    unclean_end(attempt, check, finished);
    attempt.sheet.pass(check);
}

/// Notes under `check` if the program ended badly or left something behind.
pub(super) fn unclean_end(
    attempt: &mut Attempt<'_>,
    check: &str,
    finished: &Finished,
) {
    let end = &finished.end;
    if let (Some(line), true) = (attempt.gap, end.exit != Exit::Code(0)) {
        attempt.sheet.stopped(&[check], &Stop::Unwritten(line));
    } else if end.exit != Exit::Code(0) {
        let seen = format!("the main process ended with {}", end.exit);
        attempt.sheet.fail(check, Verdict::Crashed, seen);
    }
    let left = end.unreaped + end.alive.len();
    if left > 0 {
        let seen = format!(
            "when the main process ended, it had not waited for {left} of its \
             processes: {} still ran, {} had ended and were left as zombies",
            end.alive.len(),
            end.unreaped
        );
        attempt.sheet.fail(check, Verdict::Leaked, seen);
    }
    let files: Vec<&String> =
        finished.files.iter().chain(&end.shared_memory).collect();
    if !files.is_empty() {
        let seen = format!("files were left behind: {files:?}");
        attempt.sheet.fail(check, Verdict::Leaked, seen);
    }
}

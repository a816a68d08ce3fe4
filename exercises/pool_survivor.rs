//! Exercise: a worker may be killed at any moment. Build a map from processes that
//! outlives this: only the task in its hand is lost, and the result says to whom. In
//! the sample signal 9 ends the process that has the third of five tasks in hand.
//!
//! Read:  the chapter on pools, "What can go wrong"
//! Grade: cargo grade pool_survivor

use std::collections::VecDeque;

use multiproc::{Error, Process, Result};
use probe::Task;
use probe::protocol::Ending;
use serde::Serialize;

/// What became of a task.
#[derive(Debug, Serialize)]
enum Outcome {
    /// The square of its number.
    Square(i64),
    /// The process that worked on it was ended by a signal.
    Lost { pid: u32, signal: i32 },
}

/// The work: the square of the task's number. It shall run in another process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// What became of each task, in the order of the tasks. At most `workers` processes
/// work at the same time, and each works on one task at a time.
fn outcomes(tasks: Vec<Task>, workers: usize) -> Result<Vec<Outcome>> {
    // TODO: start a process for each task, but no more than `workers` at the same time:
    //       before one too many, wait for the one that was started first.
    // TODO: turn what each `join` returns into an outcome.
    todo!("{} tasks in {workers} processes at a time", tasks.len())
}

fn main() -> Result<()> {
    multiproc::init();
    let mut samples = probe::samples(5);
    samples[2] = Task::new(3, 3).ending(Ending::Signal(9));
    let (workers, tasks) = probe::given((2, samples));
    probe::answer(&outcomes(tasks, workers)?);
    Ok(())
}

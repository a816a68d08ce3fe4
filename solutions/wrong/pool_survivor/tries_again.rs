//! Misconception: what was lost is done again, and nobody need know.
//! Loses: named once
//! Told: how often each was begun

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
    let mut outcomes = Vec::new();
    let mut running = VecDeque::new();
    for task in tasks {
        if running.len() == workers
            && let Some((first, task)) = running.pop_front()
        {
            outcomes.push(outcome(first, task)?);
        }
        running.push_back((Process::spawn(square, task.clone())?, task));
    }
    for (process, task) in running {
        outcomes.push(outcome(process, task)?);
    }
    Ok(outcomes)
}

/// Waits for a process and tells what became of its task.
fn outcome(process: Process<i64>, task: Task) -> Result<Outcome> {
    match process.join() {
        Ok(square) => Ok(Outcome::Square(square)),
        Err(Error::Killed { .. }) => {
            outcome(Process::spawn(square, task.clone())?, task)
        }
        Err(other) => Err(other),
    }
}

fn main() -> Result<()> {
    multiproc::init();
    let mut samples = probe::samples(5);
    samples[2] = Task::new(3, 3).ending(Ending::Signal(9));
    let (workers, tasks) = probe::given((2, samples));
    probe::answer(&outcomes(tasks, workers)?);
    Ok(())
}

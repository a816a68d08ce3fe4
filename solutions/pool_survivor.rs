//! Solution: a process for each task. What a process has in hand when it is killed is
//! then exactly one task, and the order of the joins tells which. A kill is a result
//! like any other: it must not end the loop, and must not move the results after it.
//!
//! A share of the tasks for each process would need fewer processes, but the kill of
//! one would lose its whole share. To wait for whichever ends first, with
//! `multiproc::wait`, keeps all workers busy even when one task is slow; the order
//! then needs an index with each task. `Pool` does both, and keeps its processes.

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
            && let Some(first) = running.pop_front()
        {
            outcomes.push(outcome(first)?);
        }
        running.push_back(Process::spawn(square, task)?);
    }
    for process in running {
        outcomes.push(outcome(process)?);
    }
    Ok(outcomes)
}

/// Waits for a process and tells what became of its task.
fn outcome(process: Process<i64>) -> Result<Outcome> {
    match process.join() {
        Ok(square) => Ok(Outcome::Square(square)),
        Err(Error::Killed { pid, signal }) => Ok(Outcome::Lost { pid, signal }),
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

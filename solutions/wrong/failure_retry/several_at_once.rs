//! Misconception: with all attempts at the same time one of them will do.
//! Loses: done retried gives_up panicked others calm clean
//! Told: attempts

use multiproc::{Error, Process, Result};
use probe::Task;
use probe::protocol::Ending;
use serde::Serialize;

/// What became of a task in the end.
#[derive(Debug, Serialize)]
enum Outcome {
    /// Its result, whichever attempt it came from.
    Done(i64),
    /// It panicked with this message; nobody tried again.
    Panicked(String),
    /// It was killed at every attempt, at last by this signal.
    GaveUp(i32),
}

/// What became of each task, in the order of the tasks.
fn run(tasks: Vec<Task>, attempts: u32) -> Result<Vec<Outcome>> {
    tasks
        .into_iter()
        .map(|task| attempt(task, attempts))
        .collect()
}

/// Runs one task in as many processes as there are attempts.
fn attempt(task: Task, attempts: u32) -> Result<Outcome> {
    let spawn = |_| Process::spawn(probe::work::square, task.clone());
    let processes = (0..attempts).map(spawn).collect::<Result<Vec<_>>>()?;
    let mut last = Outcome::GaveUp(0);
    for process in processes {
        match process.join() {
            Ok(square) => return Ok(Outcome::Done(square)),
            Err(Error::Panicked { message, .. }) => {
                last = Outcome::Panicked(message)
            }
            Err(Error::Killed { signal, .. }) => last = Outcome::GaveUp(signal),
            Err(other) => return Err(other),
        }
    }
    Ok(last)
}

fn main() -> Result<()> {
    multiproc::init();
    let endings = [Ending::Return, Ending::Signal(9)];
    let sample = |(id, ending)| Task::new(id, 7).ending(ending);
    let sample: Vec<Task> = (1..).zip(endings).map(sample).collect();
    let (tasks, attempts) = probe::given((sample, 3));
    probe::answer(&run(tasks, attempts)?);
    Ok(())
}

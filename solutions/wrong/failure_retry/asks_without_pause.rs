//! Misconception: who asks more often learns it sooner.
//! Loses: calm
//! Told: busy waiting

use std::thread;

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

/// Runs one task, again and again while its process is killed.
fn attempt(task: Task, attempts: u32) -> Result<Outcome> {
    let mut left = attempts;
    loop {
        left -= 1;
        let process = Process::spawn(probe::work::square, task.clone())?;
        while process.is_alive() {
            thread::yield_now();
        }
        match process.join() {
            Ok(square) => return Ok(Outcome::Done(square)),
            Err(Error::Panicked { message, .. }) => {
                return Ok(Outcome::Panicked(message));
            }
            Err(Error::Killed { signal, .. }) if left == 0 => {
                return Ok(Outcome::GaveUp(signal));
            }
            Err(Error::Killed { .. }) => {} // once more
            Err(other) => return Err(other),
        }
    }
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

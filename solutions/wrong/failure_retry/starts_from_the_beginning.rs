//! Misconception: when one process was killed, everything is run again.
//! Loses: others
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
    let mut outcomes = Vec::new();
    for round in 1..=attempts {
        outcomes.clear();
        for task in &tasks {
            let process = Process::spawn(probe::work::square, task.clone())?;
            outcomes.push(match process.join() {
                Ok(square) => Outcome::Done(square),
                Err(Error::Panicked { message, .. }) => Outcome::Panicked(message),
                Err(Error::Killed { signal, .. }) => Outcome::GaveUp(signal),
                Err(other) => return Err(other),
            });
        }
        let killed = |outcome: &Outcome| matches!(outcome, Outcome::GaveUp(_));
        if round == attempts || !outcomes.iter().any(killed) {
            break;
        }
    }
    Ok(outcomes)
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

//! Solution: `join` returns what became of each process as a value, so a failure is an
//! entry of the report and not the end of it. The exit status says for scripts what the
//! report says for people.
//!
//! A `?` behind `join` would end the report at the first failure and leave the other
//! processes to be killed; a default value would hide it.

use std::process::ExitCode;

use multiproc::{Error, Process, Result};
use probe::Task;
use probe::protocol::Ending;
use serde::Serialize;

/// What became of a task.
#[derive(Debug, Serialize)]
enum Outcome {
    /// Its result.
    Done(i64),
    /// It panicked with this message.
    Panicked(String),
    /// Its process exited with this code, without a result.
    Exited(i32),
    /// This signal ended its process.
    Killed(i32),
}

/// What became of each task, in the order of the tasks.
fn report(tasks: Vec<Task>) -> Result<Vec<Outcome>> {
    let spawn = |task| Process::spawn(probe::work::square, task);
    let processes = tasks.into_iter().map(spawn).collect::<Result<Vec<_>>>()?;
    processes
        .into_iter()
        .map(|process| match process.join() {
            Ok(square) => Ok(Outcome::Done(square)),
            Err(Error::Panicked { message, .. }) => Ok(Outcome::Panicked(message)),
            Err(Error::Exited { code, .. }) => Ok(Outcome::Exited(code)),
            Err(Error::Killed { signal, .. }) => Ok(Outcome::Killed(signal)),
            Err(other) => Err(other), // the system's failure, not the task's
        })
        .collect()
}

/// 0 when every task has its result, else 1.
fn status(outcomes: &[Outcome]) -> ExitCode {
    let all_done = outcomes.iter().all(|it| matches!(it, Outcome::Done(_)));
    if all_done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn main() -> Result<ExitCode> {
    multiproc::init();
    let endings = [Ending::Return, Ending::Exit(3), Ending::Signal(9)];
    let sample = |(id, ending)| Task::new(id, 7).ending(ending);
    let sample: Vec<Task> = (1..).zip(endings).map(sample).collect();
    let outcomes = report(probe::given(sample))?;
    probe::answer(&outcomes);
    Ok(status(&outcomes))
}

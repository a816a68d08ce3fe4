//! Misconception: a failed task has the result 0.
//! Loses: panicked exited killed status
//! Told: expected

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
    let join = |process: Process<i64>| Outcome::Done(process.join().unwrap_or(0));
    Ok(processes.into_iter().map(join).collect())
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

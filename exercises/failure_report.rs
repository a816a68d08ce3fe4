//! Exercise: of many tasks some fail, each in its own way. Work on each in a process of
//! its own, all at the same time, and report what became of every one: no failure is
//! swallowed and none invented. The exit status of this program tells, too.
//!
//! Read:  the chapter on failures, "What the parent learns"
//! Grade: cargo grade failure_report

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

/// Runs `probe::work::square` on each task in a process of its own, all at the same
/// time. Returns what became of each, in the order of the tasks. An error of this
/// function is for what is no task's fault.
fn report(tasks: Vec<Task>) -> Result<Vec<Outcome>> {
    // TODO: start all processes, then join each.
    // TODO: turn each result, and each `Error` that is about a task, into an outcome.
    todo!("report on {} tasks", tasks.len())
}

/// 0 when every task has its result, else 1.
fn status(outcomes: &[Outcome]) -> ExitCode {
    // TODO: look at the outcomes.
    todo!("the exit status of {} outcomes", outcomes.len())
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

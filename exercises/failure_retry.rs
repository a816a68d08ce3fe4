//! Exercise: a process that was killed may succeed when it is started again: memory is
//! back, the machine is quieter. A panic happens again: the input is the same. Run each
//! task in a process, and start it again when it was killed, at most `attempts` times
//! in all.
//!
//! Read:  the chapter on failures, "Trying again"
//! Grade: cargo grade failure_retry

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

/// Runs `probe::work::square` on each task in a process of its own. Returns what became
/// of each, in the order of the tasks. Any other failure ends the program.
fn run(tasks: Vec<Task>, attempts: u32) -> Result<Vec<Outcome>> {
    // TODO: start a process for the task and join it.
    // TODO: decide by what `join` returns whether to try again.
    todo!("run {} tasks, each at most {attempts} times", tasks.len())
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

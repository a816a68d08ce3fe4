//! Misconception: a started process helps the main process with what that does anyway.
//! Loses: elsewhere once
//! Told: the main process itself worked on the task
//! Told: in the hands of 2 at once

use multiproc::Process;
use probe::Task;

/// The work: the square of the task's number. It shall run in the other process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The square of the task's number, computed by another process.
fn square_elsewhere(task: Task) -> multiproc::Result<i64> {
    let process = Process::spawn(square, task.clone())?;
    let result = square(task);
    process.join()?;
    Ok(result)
}

fn main() -> multiproc::Result<()> {
    multiproc::init(); // in the other process, the work is done here
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

//! Misconception: a process is started and its result is there.
//! Loses: right elsewhere once
//! Told: expected
//! Told: nobody worked on the task

use multiproc::Process;
use probe::Task;

/// The work: the square of the task's number. It shall run in the other process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The square of the task's number, computed by another process.
fn square_elsewhere(task: Task) -> multiproc::Result<i64> {
    Process::spawn(square, task)?;
    Ok(0)
}

fn main() -> multiproc::Result<()> {
    multiproc::init(); // in the other process, the work is done here
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

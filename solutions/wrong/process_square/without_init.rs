//! Misconception: a worker needs no way into the program: `init` is decoration.
//! Loses: right elsewhere once
//! Told: the main process ended too early (exit status 1)

use multiproc::Process;
use probe::Task;

/// The work: the square of the task's number. It shall run in the other process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The square of the task's number, computed by another process.
fn square_elsewhere(task: Task) -> multiproc::Result<i64> {
    let process = Process::spawn(square, task)?;
    process.join()
}

fn main() -> multiproc::Result<()> {
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

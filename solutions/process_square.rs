//! Solution: `spawn` hands a function and its argument to a new process; `join`
//! waits for the end of that process and brings the function's result.
//!
//! Both go as bytes: the process works on a copy of the task. Calling `square`
//! directly gives the same number and is faster; a process of its own pays when
//! the work may crash or must run beside other work.

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
    multiproc::init(); // in the other process, the work is done here
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

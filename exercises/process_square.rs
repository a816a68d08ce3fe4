//! Exercise: let another process do the work. Square one number in a process of
//! its own, and bring the result back. On its own, this program squares 7: try
//! `cargo run -p exercises --bin process_square`.
//!
//! Read:  the chapter on processes, "The process way, with `multiproc`"
//! Grade: cargo grade process_square

use multiproc::Process;
use probe::Task;

/// The work: the square of the task's number. It shall run in the other process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The square of the task's number, computed by another process.
fn square_elsewhere(task: Task) -> multiproc::Result<i64> {
    // TODO: start a process that runs `square` on `task`.
    // TODO: wait for its end and return its result.
    todo!("square the number of {task} in another process")
}

fn main() -> multiproc::Result<()> {
    multiproc::init(); // in the other process, the work is done here
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

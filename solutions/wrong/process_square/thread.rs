//! Misconception: a thread is a process of its own.
//! Loses: elsewhere
//! Told: a thread of the main process is no other process

use probe::Task;

/// The work: the square of the task's number. It shall run in the other process.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The square of the task's number, computed by another process.
fn square_elsewhere(task: Task) -> multiproc::Result<i64> {
    let thread = std::thread::spawn(move || square(task));
    Ok(thread.join().expect("squaring does not panic"))
}

fn main() -> multiproc::Result<()> {
    multiproc::init(); // in the other process, the work is done here
    let task = probe::given(Task::new(1, 7));
    probe::answer(&square_elsewhere(task)?);
    Ok(())
}

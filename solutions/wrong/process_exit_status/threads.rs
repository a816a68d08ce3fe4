//! Misconception: a thread ends like a process does.
//! Loses: code signal at_once slow
//! Told: ended too early
//! Told: in the main process itself, not in a child

use std::error::Error;
use std::thread;

use probe::Task;
use serde::Serialize;

/// How a thread ended.
#[derive(Debug, Serialize)]
enum Entry {
    /// It came to its end.
    Returned,
    /// It panicked.
    Code(i32),
}

fn main() -> Result<(), Box<dyn Error>> {
    let tasks: Vec<Task> = probe::given(probe::samples(3));
    let work = |task| thread::spawn(move || probe::work::end(task));
    let threads: Vec<_> = tasks.into_iter().map(work).collect();
    let entry = |thread: thread::JoinHandle<()>| match thread.join() {
        Ok(()) => Entry::Returned,
        Err(_) => Entry::Code(101),
    };
    probe::answer(&threads.into_iter().map(entry).collect::<Vec<Entry>>());
    Ok(())
}

//! Misconception: a thread can be ended like a process.
//! Loses: at_once calm ended clean
//! Told: in the main process
//! Told: nobody can end it

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use probe::Task;

/// The squares of all tasks; `None` for a thread that nobody waits for any more.
fn squares(tasks: Vec<Task>, limit: Duration) -> Vec<Option<i64>> {
    let mut results = vec![None; tasks.len()];
    let (sender, receiver) = mpsc::channel();
    for (index, task) in tasks.into_iter().enumerate() {
        let sender = sender.clone();
        thread::spawn(move || sender.send((index, probe::work::square(task))));
    }
    drop(sender);
    let end = Instant::now() + limit;
    let left = || end.saturating_duration_since(Instant::now());
    while let Ok((index, square)) = receiver.recv_timeout(left()) {
        results[index] = Some(square);
    }
    results
}

fn main() {
    let (limit, tasks) = probe::given((500_u64, probe::samples(4)));
    probe::answer(&squares(tasks, Duration::from_millis(limit)));
}

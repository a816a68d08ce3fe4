//! Misconception: a thread can be lost without losing the program.
//! Loses: workers at_once others named once clean
//! Told: in the main process itself
//! Told: no worker could be killed

use std::thread;

use probe::Task;
use serde::Serialize;

/// What became of a task.
#[derive(Debug, Serialize)]
enum Outcome {
    /// The square of its number.
    Square(i64),
    /// The thread that worked on it has ended without a result.
    Lost { pid: u32, signal: i32 },
}

fn main() {
    let (workers, tasks): (usize, Vec<Task>) = probe::given((2, probe::samples(5)));
    let mut outcomes = Vec::new();
    for round in tasks.chunks(workers) {
        let work = |task: Task| thread::spawn(move || probe::work::square(task));
        let threads: Vec<_> = round.iter().cloned().map(work).collect();
        for thread in threads {
            outcomes.push(match thread.join() {
                Ok(square) => Outcome::Square(square),
                Err(_) => Outcome::Lost { pid: 0, signal: 9 },
            });
        }
    }
    probe::answer(&outcomes);
}

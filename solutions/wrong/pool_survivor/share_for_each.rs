//! Misconception: a process can do several tasks before it answers.
//! Loses: others once
//! Told: killed by signal 9

use multiproc::{Error, Process, Result};
use probe::Task;
use serde::Serialize;

/// What became of a task.
#[derive(Debug, Serialize)]
enum Outcome {
    /// The square of its number.
    Square(i64),
    /// The process that worked on it was ended by a signal.
    Lost { pid: u32, signal: i32 },
}

/// The work of one process: the squares of its share.
fn squares(tasks: Vec<Task>) -> Vec<i64> {
    tasks.into_iter().map(probe::work::square).collect()
}

/// What became of each task, in the order of the tasks.
fn outcomes(tasks: Vec<Task>, workers: usize) -> Result<Vec<Outcome>> {
    let mut processes = Vec::new();
    // As even as it goes, so that each worker has a share.
    for worker in 0..workers {
        let share = |worker| worker * tasks.len() / workers;
        let tasks = tasks[share(worker)..share(worker + 1)].to_vec();
        processes.push((tasks.len(), Process::spawn(squares, tasks)?));
    }
    let mut outcomes = Vec::new();
    for (count, process) in processes {
        match process.join() {
            Ok(squares) => outcomes.extend(squares.into_iter().map(Outcome::Square)),
            Err(Error::Killed { pid, signal }) => {
                outcomes.extend((0..count).map(|_| Outcome::Lost { pid, signal }));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(outcomes)
}

fn main() -> Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((2, probe::samples(5)));
    probe::answer(&outcomes(tasks, workers)?);
    Ok(())
}

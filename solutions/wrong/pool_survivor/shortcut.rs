//! Misconception: what a library has need not be understood.
//! Loses: own_work one right workers at_once others named once clean
//! Told: uses `Pool`

use multiproc::{Error, Pool, Result};
use serde::Serialize;

/// What became of a task.
#[derive(Debug, Serialize)]
enum Outcome {
    /// The square of its number.
    Square(i64),
    /// The process that worked on it was ended by a signal.
    Lost { pid: u32, signal: i32 },
}

fn main() -> Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((2, probe::samples(5)));
    let pool = Pool::new(workers)?;
    let mut outcomes = Vec::new();
    for result in pool.imap(probe::work::square, tasks)? {
        outcomes.push(match result {
            Ok(square) => Outcome::Square(square),
            Err(Error::Killed { pid, signal }) => Outcome::Lost { pid, signal },
            Err(other) => return Err(other),
        });
    }
    probe::answer(&outcomes);
    Ok(())
}

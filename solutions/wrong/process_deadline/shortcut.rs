//! Misconception: what a library has need not be understood.
//! Loses: own_work in_time at_once calm ended others clean
//! Told: uses `multiproc`

use std::time::{Duration, Instant};

use multiproc::{Process, Result};
use probe::Task;

fn main() -> Result<()> {
    multiproc::init();
    let (limit, tasks): (u64, Vec<Task>) = probe::given((500, probe::samples(4)));
    let start = |task| Process::spawn(probe::work::square, task);
    let processes = tasks.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let end = Instant::now() + Duration::from_millis(limit);
    let mut results = Vec::new();
    for mut process in processes {
        let left = end.saturating_duration_since(Instant::now());
        results.push(process.join_timeout(left)?);
    }
    probe::answer(&results);
    Ok(())
}

//! Misconception: what a library has need not be understood.
//! Loses: own_work right clean at_once calm early failure missing
//! Told: uses `multiproc`

use std::path::PathBuf;

use multiproc::{Process, Result};
use probe::Task;

fn main() -> Result<()> {
    multiproc::init();
    let jobs: Vec<(PathBuf, Task)> = probe::given(Vec::new());
    let start = |(_, task)| Process::spawn(probe::work::end, task);
    let children = jobs.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut succeeded = 0;
    for (place, child) in children.into_iter().enumerate() {
        if child.join().is_err() {
            // Dropping the others ends them and waits for them.
            probe::answer(&std::result::Result::<usize, usize>::Err(place));
            return Ok(());
        }
        succeeded += 1;
    }
    probe::answer(&std::result::Result::<usize, usize>::Ok(succeeded));
    Ok(())
}

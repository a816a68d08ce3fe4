//! Misconception: what a library has need not be understood.
//! Loses: own_work one right workers at_once order clean
//! Told: uses `Pool`

use multiproc::{Pool, Result};

fn main() -> Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&Pool::new(workers)?.map(probe::work::square, tasks)?);
    Ok(())
}

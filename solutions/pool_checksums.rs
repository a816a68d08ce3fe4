//! Solution: a pool of `workers` processes maps the function over the files. It
//! hands out the next file as soon as a worker is free, keeps the results in the
//! order of the files, and ends its processes when it is dropped.
//!
//! A process of its own for each file would be slower for many small files, and with
//! a thousand files there would be a thousand processes at once. One share of the
//! files for each worker, fixed before they start, would leave workers idle when one
//! share holds all the large files.

use std::fs;

use multiproc::Pool;
use probe::Task;

/// The work: the checksum of one file. It shall run in a worker process. Which file
/// it is about, a task tells only to the one who enters it.
fn checksum(file: Task) -> u32 {
    let visit = file.enter();
    let bytes = fs::read(&visit.order().file).expect("the file can be read");
    probe::work::checksum(&bytes)
}

/// The checksums of all files, in the order of the files.
fn checksums(files: Vec<Task>, workers: usize) -> multiproc::Result<Vec<u32>> {
    let pool = Pool::new(workers)?;
    pool.map(checksum, files)
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, files) = probe::given((2, probe::sample_files()));
    probe::answer(&checksums(files, workers)?);
    Ok(())
}

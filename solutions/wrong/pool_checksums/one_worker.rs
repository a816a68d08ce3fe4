//! Misconception: `apply` in a loop is a map.
//! Loses: workers at_once order clean
//! Told: in the hands of 1 of the
//! Told: no two tasks ever ran at the same time

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
    let one = |file| pool.apply(checksum, file);
    files.into_iter().map(one).collect()
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, files) = probe::given((2, probe::sample_files()));
    probe::answer(&checksums(files, workers)?);
    Ok(())
}

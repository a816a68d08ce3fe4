//! Misconception: a worker needs no way into the program: `init` is decoration.
//! Loses: one right workers at_once order clean
//! Told: the main process ended too early (exit status 1)

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
    let (workers, files) = probe::given((2, probe::sample_files()));
    probe::answer(&checksums(files, workers)?);
    Ok(())
}

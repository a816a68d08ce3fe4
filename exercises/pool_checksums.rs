//! Exercise: a backup wants a checksum for each of many files. Compute them in
//! `workers` processes at the same time, in the order of the files. On its own, this
//! program takes some sources: `cargo run -p exercises --bin pool_checksums`.
//!
//! Read:  the chapter on pools, "The same with `Pool`"
//! Grade: cargo grade pool_checksums

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
    // TODO: start a pool of as many processes as `workers` says.
    // TODO: let it run `checksum` on each of the files.
    todo!("checksums of {} files by {workers} processes", files.len())
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, files) = probe::given((2, probe::sample_files()));
    probe::answer(&checksums(files, workers)?);
    Ok(())
}

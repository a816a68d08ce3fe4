//! Misconception: threads are as good as processes.
//! Loses: workers at_once clean
//! Told: in the main process itself
//! Told: at the same time, by 0 workers

use std::fs;
use std::thread;

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
    let mut checksums = vec![0; files.len()];
    let share = files.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        for (results, files) in checksums.chunks_mut(share).zip(files.chunks(share))
        {
            scope.spawn(move || {
                for (result, file) in results.iter_mut().zip(files) {
                    *result = checksum(file.clone());
                }
            });
        }
    });
    Ok(checksums)
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, files) = probe::given((2, probe::sample_files()));
    probe::answer(&checksums(files, workers)?);
    Ok(())
}

//! Misconception: a checksum that is right once is right for all files.
//! Loses: one right workers at_once order clean
//! Told: got []
//! Told: the main process ended too early

use probe::Task;

fn main() {
    multiproc::init();
    let _given: (usize, Vec<Task>) = probe::given((2, probe::sample_files()));
    probe::answer(&Vec::<u32>::new());
}

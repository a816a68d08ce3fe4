//! Misconception: threads are as good as processes.
//! Loses: workers at_once order clean
//! Told: in the main process itself

use std::thread;

use probe::Task;

fn main() {
    let (workers, tasks): (usize, Vec<Task>) = probe::given((3, probe::samples(7)));
    let mut squares = vec![0; tasks.len()];
    let share = tasks.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        for (results, tasks) in squares.chunks_mut(share).zip(tasks.chunks(share)) {
            scope.spawn(move || {
                for (result, task) in results.iter_mut().zip(tasks) {
                    *result = probe::work::square(task.clone());
                }
            });
        }
    });
    probe::answer(&squares);
}

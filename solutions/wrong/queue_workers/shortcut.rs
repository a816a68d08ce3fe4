//! Misconception: a pool has the queue inside.
//! Loses: own_work right wait team shared end clean
//! Told: Pool

use multiproc::Pool;
use probe::Task;

/// The work: the square of the task's number.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// The squares of all tasks, in any order, computed by as many processes as `workers`
/// says.
fn squares(tasks: &[Task], workers: usize) -> multiproc::Result<Vec<i64>> {
    Pool::new(workers)?.map(square, tasks.to_vec())
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((2, probe::samples(5)));
    probe::answer(&squares(&tasks, workers)?);
    Ok(())
}

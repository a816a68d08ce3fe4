//! Exercise: several processes count in one shared number. What a task adds, and the
//! step from the old count to the new one, both take their time. Let no update get
//! lost, and let no worker wait while another works on its task.
//!
//! Read:  the chapter on shared values, "Under the lock"
//! Grade: cargo grade shared_counter

use multiproc::{Process, Value};
use probe::Task;

/// The work on a task: how much it adds. All workers shall do it at the same time.
fn amount(task: Task) -> i64 {
    probe::work::square(task)
}

/// The slow step: from the old count to the new one, once for each task. The grader
/// keeps processes waiting in here, while the others go on.
fn grow(count: i64, amount: i64) -> i64 {
    probe::point("grow", count);
    count + amount
}

/// A worker: adds what each of its tasks is worth to the shared count.
fn work((count, tasks): (Value<i64>, Vec<Task>)) -> multiproc::Result<()> {
    for task in tasks {
        // TODO: find out its `amount`, and replace the count by what `grow` makes of
        // the two. What another worker has added must not get lost.
        todo!("add the amount of {task} to {count:?}")
    }
    Ok(())
}

/// Starts a worker for each list of tasks, all at once, and returns what they have
/// counted together.
fn count(lists: Vec<Vec<Task>>) -> multiproc::Result<i64> {
    // TODO: share a number that begins with 0, with a worker for each list.
    // TODO: wait for all workers, and return the number.
    todo!("count {lists:?}")
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let sample = vec![probe::samples(2), probe::samples(3)];
    probe::answer(&count(probe::given(sample))?);
    Ok(())
}

//! Misconception: each worker counts for itself, and the sum is the count.
//! Loses: step
//! Told: started from the count

use multiproc::{Process, Value};
use probe::Task;

/// The work on a task: how much it adds. All workers do it at the same time.
fn amount(task: Task) -> i64 {
    probe::work::square(task)
}

/// The slow step: from the old count to the new one, once for each task.
fn grow(count: i64, amount: i64) -> i64 {
    probe::point("grow", count);
    count + amount
}

/// A worker: adds what each of its tasks is worth to the shared count.
fn work((_, tasks): (Value<i64>, Vec<Task>)) -> multiproc::Result<i64> {
    let mut own = 0;
    for task in tasks {
        let amount = amount(task);
        own = grow(own, amount);
    }
    Ok(own)
}

/// Starts a worker for each list of tasks, all at once, and returns what they have
/// counted together.
fn count(lists: Vec<Vec<Task>>) -> multiproc::Result<i64> {
    let count = Value::new(0)?;
    let mut sum = 0;
    let mut workers = Vec::new();
    for tasks in lists {
        workers.push(Process::spawn(work, (count.clone(), tasks))?);
    }
    for worker in workers {
        sum += worker.join()??;
    }
    Ok(sum)
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let sample = vec![probe::samples(2), probe::samples(3)];
    probe::answer(&count(probe::given(sample))?);
    Ok(())
}

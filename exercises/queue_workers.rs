//! Exercise: several workers take their tasks from one queue. Nobody knows how many
//! will come, nor when: a worker waits for the next one until there will be no more,
//! and then ends by itself.
//!
//! Read:  the chapter on queues, "The end of a queue"
//! Grade: cargo grade queue_workers

use multiproc::{Process, Queue};
use probe::Task;

/// The work: the square of the task's number.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// Puts a task into the queue. The next one may be long in coming: the grader keeps
/// the main process waiting here.
fn put(tasks: &Queue<Task>, task: &Task) -> multiproc::Result<()> {
    probe::point("put", 1);
    tasks.put(task)
}

/// A worker. It returns the squares of all tasks that it has got.
fn work(tasks: Queue<Task>) -> multiproc::Result<Vec<i64>> {
    let squares = take(&tasks)?;
    probe::point("end", squares.len() as i64); // here the grader sees it end
    Ok(squares)
}

/// Takes one task after another from the queue, and squares it.
fn take(tasks: &Queue<Task>) -> multiproc::Result<Vec<i64>> {
    // TODO: go on until there are no more tasks, and there will be none.
    todo!("take tasks from {tasks:?}")
}

/// The squares of all tasks, in any order, computed by as many processes as `workers`
/// says.
fn squares(tasks: &[Task], workers: usize) -> multiproc::Result<Vec<i64>> {
    // TODO: make a queue with room for 2 tasks, and start the workers on it.
    // TODO: `put` each task into it, and say that no more will come.
    // TODO: wait for the workers, and collect what they return.
    todo!("{} tasks for {workers} workers", tasks.len())
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((2, probe::samples(5)));
    probe::answer(&squares(&tasks, workers)?);
    Ok(())
}

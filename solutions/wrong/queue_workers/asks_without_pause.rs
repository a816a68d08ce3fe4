//! Misconception: who asks all the time is the first to get the next task.
//! Loses: right wait team shared end clean
//! Told: busy waiting

use std::thread;

use multiproc::{Error, Process, Queue};
use probe::Task;

/// The work: the square of the task's number.
fn square(task: Task) -> i64 {
    probe::work::square(task)
}

/// Puts a task into the queue. The next one may be long in coming.
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
    let mut squares = Vec::new();
    loop {
        match tasks.try_get() {
            Ok(Some(task)) => squares.push(square(task)),
            Ok(None) => thread::yield_now(), // it may come at any moment
            Err(Error::Closed) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(squares)
}

/// The squares of all tasks, in any order, computed by as many processes as `workers`
/// says.
fn squares(tasks: &[Task], workers: usize) -> multiproc::Result<Vec<i64>> {
    let queue = Queue::new(2)?;
    let mut processes = Vec::new();
    for _ in 0..workers {
        processes.push(Process::spawn(work, queue.clone())?);
    }
    for task in tasks {
        put(&queue, task)?; // waits while the queue is full, until a worker takes
    }
    queue.close()?;
    let mut squares = Vec::new();
    for process in processes {
        squares.extend(process.join()??);
    }
    Ok(squares)
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (workers, tasks) = probe::given((2, probe::samples(5)));
    probe::answer(&squares(&tasks, workers)?);
    Ok(())
}

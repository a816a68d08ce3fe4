//! Producers, workers and a collector, joined by two queues, with a clean end.
//!
//! ```text
//! producer 0 ─┐             ┌─ worker 0 ─┐
//!             ├─ numbers ───┼─ worker 1 ─┼─ squares ── collector
//! producer 1 ─┘             └─ worker 2 ─┘
//! ```
//!
//! Chapter: queue
//! Run: `cargo run --example queue_pipeline`

use multiproc::{Process, Queue, Result, wait};
use std::error::Error;
use std::os::fd::AsFd;

// ANCHOR: stages
/// Puts `first`, `first + 2`, `first + 4` and so on, up to 100.
fn produce((first, numbers): (u64, Queue<u64>)) -> Result<()> {
    for number in (first..=100).step_by(2) {
        numbers.put(&number)?; // waits while the queue is full
    }
    Ok(())
}

fn work((numbers, squares): (Queue<u64>, Queue<u64>)) -> Result<()> {
    // Ends when the queue is closed and everything in it has been taken.
    for number in &numbers {
        let number = number?;
        squares.put(&(number * number))?;
    }
    Ok(())
}

fn collect(squares: Queue<u64>) -> Result<(usize, u64)> {
    let (mut count, mut sum) = (0, 0);
    for square in &squares {
        count += 1;
        sum += square?;
    }
    Ok((count, sum))
}
// ANCHOR_END: stages

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();

    // ANCHOR: start
    let numbers = Queue::new(8)?;
    let squares = Queue::new(8)?;

    let collector = Process::spawn(collect, squares.clone())?;
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(Process::spawn(work, (numbers.clone(), squares.clone()))?);
    }
    let mut producers = Vec::new();
    for first in [1, 2] {
        producers.push(Process::spawn(produce, (first, numbers.clone()))?);
    }
    // ANCHOR_END: start

    // ANCHOR: end
    // The end runs down the line: a queue is closed when all who put into it have
    // ended, and that ends all who take from it.
    let mut takers: Vec<&dyn AsFd> = vec![&collector];
    takers.extend(workers.iter().map(|worker| worker as &dyn AsFd));
    for producer in producers {
        join_before(&takers, producer)?;
    }
    numbers.close()?;
    for worker in workers {
        join_before(&[&collector], worker)?;
    }
    squares.close()?;
    let (count, sum) = collector.join()??;
    // ANCHOR_END: end

    println!("{count} squares, their sum is {sum}");
    Ok(())
}

// ANCHOR: join
/// Joins a process unless one of `takers` ends first. Those are not told to end yet,
/// so it has died, and who puts might wait for ever for room that nobody makes.
fn join_before(
    takers: &[&dyn AsFd],
    process: Process<Result<()>>,
) -> Result<(), Box<dyn Error>> {
    let mut watched: Vec<&dyn AsFd> = vec![&process];
    watched.extend(takers);
    if wait(&watched, None)?.contains(&0) {
        return Ok(process.join()??);
    }
    Err("a process further down the line has died".into())
}
// ANCHOR_END: join

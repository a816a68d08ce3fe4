//! A consumer dies with a job in hand: the queue says that it is lost.
//!
//! Chapter: queue
//! Run: `cargo run --example queue_lost`

use multiproc::{Error, Process, Queue, Result};

// ANCHOR: consume
/// Finishes two jobs, takes the third, and dies.
fn consume(jobs: Queue<u32>) -> Result<()> {
    for done in 0.. {
        let job = jobs.get()?;
        if done == 2 {
            std::process::abort();
        }
        println!("consumer: job {job} is done");
        jobs.task_done()?;
    }
    Ok(())
}
// ANCHOR_END: consume

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: join
    let jobs = Queue::new(8)?;
    let consumer = Process::spawn(consume, jobs.clone())?;
    jobs.put_many(&[10, 20, 30, 40])?;
    println!("parent: {}", consumer.join().expect_err("it aborts"));

    while let Some(job) = jobs.try_get()? {
        println!("parent: job {job} was still in the queue");
        jobs.task_done()?;
    }
    match jobs.join() {
        Err(Error::Lost { pid, count }) => {
            println!("parent: {count} job was lost with pid {pid}");
        }
        other => println!("parent: {other:?}"),
    }
    // ANCHOR_END: join
    Ok(())
}

//! A bounded queue makes a fast producer wait for a slow consumer.
//!
//! Chapter: queue
//! Run: `cargo run --example queue_backpressure`

use multiproc::{Process, Queue, Result};
use std::time::Duration;

const CAPACITY: usize = 4;

// ANCHOR: consume
/// Takes everything; returns how many items, and the most that ever waited.
fn consume(jobs: Queue<u32>) -> Result<(usize, usize)> {
    let mut taken = 0;
    let mut longest = 0;
    for job in &jobs {
        let job = job?;
        longest = longest.max(jobs.len());
        taken += 1;
        slow_work(job);
    }
    Ok((taken, longest))
}

/// Stands for real work: a loop that the compiler does not remove.
fn slow_work(job: u32) {
    for step in 0..50_000 {
        std::hint::black_box(job + step);
    }
}
// ANCHOR_END: consume

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: full
    let jobs = Queue::new(CAPACITY)?;
    let mut put = 0;
    while jobs.try_put(&put)? {
        put += 1;
    }
    println!("nobody takes: {put} jobs fit, the next does not");

    let in_time = jobs.put_timeout(&put, Duration::from_millis(50))?;
    println!("put within 50 ms: {in_time}");
    // ANCHOR_END: full

    // ANCHOR: drain
    let consumer = Process::spawn(consume, jobs.clone())?;
    for job in put..100 {
        // Waits for the consumer to make room, as `put` does, and looks now and
        // then whether there still is a consumer.
        while !jobs.put_timeout(&job, Duration::from_millis(100))? {
            if !consumer.is_alive() {
                return consumer.join()?.map(drop);
            }
        }
    }
    jobs.close()?;

    let (taken, longest) = consumer.join()??;
    println!("the consumer took {taken} jobs");
    println!("never more than {CAPACITY} waited: {}", longest <= CAPACITY);
    // ANCHOR_END: drain
    Ok(())
}

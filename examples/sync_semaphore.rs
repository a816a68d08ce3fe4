//! Five processes, two permits: never more than two work at the same time.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_semaphore`

use multiproc::{Process, Result, Semaphore, Value};

/// How many are inside, and the most there ever were.
type Counts = (Value<u32>, Value<u32>);

// ANCHOR: work
fn work((permits, (inside, most)): (Semaphore, Counts)) -> Result<()> {
    for _ in 0..20 {
        let _permit = permits.acquire()?; // waits until one is free
        let now = inside.fetch_add(1) + 1;
        most.fetch_update(|most| most.max(now));
        std::hint::black_box((0..10_000).sum::<u64>()); // stands for real work
        inside.fetch_sub(1);
    } // the permit is dropped, and somebody else gets it
    Ok(())
}
// ANCHOR_END: work

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: main
    let permits = Semaphore::new(2)?;
    let counts = (Value::new(0)?, Value::new(0)?);
    let mut processes = Vec::new();
    for _ in 0..5 {
        let argument = (permits.clone(), counts.clone());
        processes.push(Process::spawn(work, argument)?);
    }
    for process in processes {
        process.join()??;
    }
    let (inside, most) = counts;
    println!("at most two at a time: {}", most.load() <= 2);
    println!("inside at the end: {}", inside.load());
    // ANCHOR_END: main
    Ok(())
}

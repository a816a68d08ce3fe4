//! Joining a process before taking what it puts: a deadlock, and the way out.
//!
//! Chapter: queue
//! Run: `cargo run --example queue_join_first`

use multiproc::{Error, Process, Queue, Result};
use std::time::Duration;

const ITEMS: u64 = 1000;

// ANCHOR: child
/// Puts more than the queue holds: it cannot end before somebody takes.
fn produce(numbers: Queue<u64>) -> Result<()> {
    for number in 1..=ITEMS {
        numbers.put(&number)?;
    }
    numbers.close()
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: wrong
    let numbers = Queue::new(10)?;
    let mut producer = Process::spawn(produce, numbers.clone())?;

    // Wrong: the parent waits for the child, the child waits for room in the
    // queue. With `join` in place of `join_timeout` the program would hang here.
    match producer.join_timeout(Duration::from_millis(500))? {
        Some(_) => println!("joined first: the child has ended"),
        None => println!("joined first: after 500 ms the child is still running"),
    }
    // ANCHOR_END: wrong

    // ANCHOR: right
    // Right: take first, join afterwards.
    let mut sum = 0;
    loop {
        let was_alive = producer.is_alive(); // asked before we look, not after
        match numbers.get_timeout(Duration::from_millis(100)) {
            Ok(Some(number)) => sum += number,
            Ok(None) if was_alive => {}
            Ok(None) | Err(Error::Closed) => break,
            Err(other) => return Err(other),
        }
    }
    producer.join()??;
    println!("taken first: the sum is {sum}, and the child has ended");
    // ANCHOR_END: right
    Ok(())
}

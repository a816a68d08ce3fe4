//! Lost updates, made certain, and three ways without them.
//!
//! Chapter: shared
//! Run: `cargo run --example shared_race`

use multiproc::{Barrier, Process, Queue, Result, Value, wait};
use serde::{Serialize, de::DeserializeOwned};
use std::os::fd::AsFd;

const ROUNDS: u64 = 100;

// ANCHOR: race
/// Adds in two steps. The meeting between them only makes sure of what otherwise
/// happens now and then: both processes load before either stores.
fn add_in_two_steps((counter, meeting): (Value<u64>, Barrier)) -> Result<()> {
    for _ in 0..ROUNDS {
        let seen = counter.load();
        meeting.wait()?;
        counter.store(seen + 1);
        meeting.wait()?;
    }
    Ok(())
}
// ANCHOR_END: race

// ANCHOR: lock
fn add_under_lock(counter: Value<u64>) -> Result<()> {
    for _ in 0..ROUNDS {
        *counter.lock()? += 1;
    }
    Ok(())
}
// ANCHOR_END: lock

// ANCHOR: atomic
fn add_atomically(counter: Value<u64>) -> Result<()> {
    for _ in 0..ROUNDS {
        counter.fetch_add(1);
    }
    Ok(())
}
// ANCHOR_END: atomic

// ANCHOR: queue
/// Shares no number: it sends what is to be added, and one process adds.
fn send(orders: Queue<u64>) -> Result<()> {
    for _ in 0..ROUNDS {
        orders.put(&1)?;
    }
    Ok(())
}
// ANCHOR_END: queue

fn main() -> Result<()> {
    multiproc::init();
    println!("two processes add 1, each {ROUNDS} times");

    let counter = Value::new(0)?;
    twice(add_in_two_steps, (counter.clone(), Barrier::new(2)?))?;
    println!("in two steps: {}", counter.load());

    let counter = Value::new(0)?;
    twice(add_under_lock, counter.clone())?;
    println!("under the lock: {}", counter.load());

    let counter = Value::new(0)?;
    twice(add_atomically, counter.clone())?;
    println!("atomically: {}", counter.load());

    let orders = Queue::new(1000)?; // room for all, so we may join first
    twice(send, orders.clone())?;
    orders.close()?;
    println!("by messages: {}", orders.iter().sum::<Result<u64>>()?);
    Ok(())
}

/// Runs `function` in two processes at once, and waits for both.
fn twice<A>(function: fn(A) -> Result<()>, argument: A) -> Result<()>
where
    A: Clone + Serialize + DeserializeOwned,
{
    let mut processes = Vec::new();
    for _ in 0..2 {
        processes.push(Process::spawn(function, argument.clone())?);
    }
    // Joins whichever ends first. If that one has died, the error ends the other too:
    // it may be waiting at the meeting.
    while !processes.is_empty() {
        let watched: Vec<&dyn AsFd> =
            processes.iter().map(|each| each as _).collect();
        let ended = wait(&watched, None)?[0];
        processes.remove(ended).join()??;
    }
    Ok(())
}

//! Takes results as they come: one slow item holds up no other.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_unordered`

use multiproc::{Event, Pool};
use std::sync::OnceLock;

// ANCHOR: worker
/// What every worker keeps from its initializer.
static GATE: OnceLock<Event> = OnceLock::new();

/// Runs once in every worker, before its first task.
fn keep_gate(gate: Event) {
    GATE.get_or_init(|| gate);
}

/// Item 0 is the slow one: it waits until the gate is opened.
fn square(number: u64) -> u64 {
    if number == 0 {
        GATE.get().expect("the initializer has set it").wait();
    }
    number * number
}
// ANCHOR_END: worker

fn main() -> multiproc::Result<()> {
    multiproc::init();

    // ANCHOR: unordered
    let gate = Event::new()?;
    let pool = Pool::builder()
        .workers(2)
        .initializer(keep_gate, gate.clone())
        .build()?;

    let mut arrived = Vec::new();
    for (index, result) in pool.imap_unordered(square, 0..6)? {
        arrived.push((index, result?));
        if arrived.len() == 5 {
            // Only now can item 0 end. `imap` would still wait for it, and nobody
            // would ever come here.
            gate.set();
        }
    }
    // ANCHOR_END: unordered

    if let Some((index, _)) = arrived.last() {
        println!("last to arrive: item {index}");
    }
    arrived.sort();
    println!("sorted again: {arrived:?}");
    Ok(())
}

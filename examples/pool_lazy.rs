//! Maps over an endless input: the pool reads only a little ahead of its reader.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_lazy`

use multiproc::Pool;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many items the pool has read from the input so far.
static READ: AtomicUsize = AtomicUsize::new(0);

/// The number of steps of Collatz' sequence from `number` down to 1.
fn steps(number: u64) -> u32 {
    let mut current = number;
    let mut steps = 0;
    while current != 1 {
        current = match current % 2 {
            0 => current / 2,
            _ => 3 * current + 1,
        };
        steps += 1;
    }
    steps
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let pool = Pool::new(2)?;

    // ANCHOR: lazy
    let endless = (1..).inspect(|_| {
        READ.fetch_add(1, Ordering::Relaxed);
    });

    // `imap` reads an item when a worker can soon use it and the reader keeps up.
    for (number, result) in (1..).zip(pool.imap(steps, endless)?) {
        let steps = result?;
        if steps > 100 {
            println!("{number} is the first with more than 100 steps: {steps}");
            break;
        }
    }
    // ANCHOR_END: lazy

    let read = READ.load(Ordering::Relaxed);
    println!("the pool stopped reading: {}", read < 20_000);
    Ok(())
}

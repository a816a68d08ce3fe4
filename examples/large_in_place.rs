//! Four processes sort four parts of one array in place; nothing is sent back.
//!
//! Chapter: large
//! Run: `cargo run --example large_in_place`

use multiproc::{Array, Process, Result};

const LENGTH: usize = 100_000;
const PROCESSES: usize = 4;

// ANCHOR: child
/// Sorts one part. Its guard is a slice of the shared memory itself.
fn sort_part((numbers, start, end): (Array<u32>, usize, usize)) -> Result<()> {
    let mut part = numbers.lock_range(start..end)?;
    part.sort_unstable();
    Ok(())
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: parent
    let numbers = Array::from_slice(&shuffled())?;
    let size = LENGTH / PROCESSES;
    let mut processes = Vec::new();
    for part in 0..PROCESSES {
        let argument = (numbers.clone(), part * size, (part + 1) * size);
        processes.push(Process::spawn(sort_part, argument)?);
    }
    for process in processes {
        process.join()??;
    }

    // Four sorted parts: the standard sort finds them and only merges.
    let mut guard = numbers.lock()?;
    guard.sort();
    // ANCHOR_END: parent
    let sorted = guard.iter().copied().eq(0..LENGTH as u32);
    println!("{LENGTH} numbers, sorted: {sorted}");
    Ok(())
}

/// The numbers below `LENGTH`, each once, in an order that looks like none.
fn shuffled() -> Vec<u32> {
    let step = 61_803; // shares no factor with LENGTH
    (0..LENGTH)
        .map(|index| (index * step % LENGTH) as u32)
        .collect()
}

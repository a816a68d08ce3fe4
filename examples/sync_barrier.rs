//! Processes that work in rounds: nobody starts one before all ended the last.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_barrier`

use multiproc::{Array, Barrier, Process, Result, wait};
use std::os::fd::AsFd;

const CELLS: usize = 4;
const ROUNDS: usize = 25;

type Argument = (usize, Array<u64>, Barrier);

// ANCHOR: child
/// Keeps one cell of a ring: in every round it takes its right neighbour's value.
fn turn((cell, ring, meeting): Argument) -> Result<()> {
    let neighbour = (cell + 1) % CELLS;
    for _ in 0..ROUNDS {
        let value = ring.get(neighbour)?;
        meeting.wait()?; // all have read the old values
        ring.set(cell, value)?;
        meeting.wait()?; // all have written the new ones
    }
    Ok(())
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: parent
    let ring = Array::from_slice(&[10, 20, 30, 40])?;
    let meeting = Barrier::new(CELLS)?;
    println!("before: {:?}", ring.to_vec()?);

    let mut processes = Vec::new();
    for cell in 0..CELLS {
        let argument = (cell, ring.clone(), meeting.clone());
        processes.push(Process::spawn(turn, argument)?);
    }
    // Joins whichever ends first: if one has died before it came to the barrier,
    // the others wait for it, and the error that we return here ends them.
    while !processes.is_empty() {
        let watched: Vec<&dyn AsFd> =
            processes.iter().map(|each| each as _).collect();
        let ended = wait(&watched, None)?[0];
        processes.remove(ended).join()??;
    }

    // Every value has moved 25 places to the left on a ring of four: one place.
    println!("after {ROUNDS} rounds: {:?}", ring.to_vec()?);
    // ANCHOR_END: parent
    Ok(())
}

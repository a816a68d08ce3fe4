//! Waits for many at once: for messages of several processes, and for their ends.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_wait`

use multiproc::{Connection, Error, Process, Result, pipe, wait};
use std::os::fd::AsFd;

// ANCHOR: child
/// Answers every turn it is given, until the parent hangs up.
fn take_turns(parent: Connection) -> Result<()> {
    loop {
        match parent.recv::<u32>() {
            Ok(turn) => parent.send(&format!("turn {turn} is mine"))?,
            Err(Error::Disconnected) => return Ok(()),
            Err(other) => return Err(other),
        }
    }
}
// ANCHOR_END: child

/// `wait` takes whatever has a descriptor: connections, processes, files.
fn watched<T: AsFd>(all: &[T]) -> Vec<&dyn AsFd> {
    all.iter().map(|each| each as &dyn AsFd).collect()
}

fn main() -> Result<()> {
    multiproc::init();

    let mut connections = Vec::new();
    let mut processes = Vec::new();
    for _ in 0..3 {
        let (here, there) = pipe()?;
        connections.push(here);
        processes.push(Process::spawn(take_turns, there)?);
    }

    // ANCHOR: messages
    for (turn, chosen) in [(1_u32, 2), (2, 0), (3, 1)] {
        connections[chosen].send(&turn)?;

        // We do not ask one after the other: we sleep until one of the three has
        // something to say, and learn which.
        for ready in wait(&watched(&connections), None)? {
            let message: String = connections[ready].recv()?;
            println!("connection {ready}: {message}");
        }
    }
    // ANCHOR_END: messages

    // ANCHOR: ends
    // A process counts as ready once it has ended.
    drop(connections.remove(1));
    for ended in wait(&watched(&processes), None)? {
        println!("process {ended} has ended");
    }
    // ANCHOR_END: ends
    Ok(())
}

//! Which way is wide enough: a queue, a pipe, or shared memory?
//!
//! Chapter: large
//! Run: `cargo run --example large_which_way`

use multiproc::{Array, Error, Queue, Result, pipe};

fn main() -> Result<()> {
    multiproc::init();
    let block = vec![7_u8; 1_000_000];

    // ANCHOR: refused
    let small = Queue::with_bytes(4, 64 * 1024)?;
    match small.put(&block) {
        Ok(()) => println!("a small queue takes it"),
        Err(problem) => println!("a small queue: {}", what(&problem)),
    }

    let shared = Array::from_slice(&block)?;
    match Queue::new(4)?.put(&shared) {
        Ok(()) => println!("a queue takes shared memory"),
        Err(problem) => println!("shared memory in a queue: {}", what(&problem)),
    }
    // ANCHOR_END: refused

    // ANCHOR: works
    let (here, there) = pipe()?;
    here.send(&block)?;
    let copy: Vec<u8> = there.recv()?;
    println!("a pipe: a copy of {} bytes", copy.len());

    here.send(&shared)?;
    let same: Array<u8> = there.recv()?;
    same.lock()?[0] = 8;
    println!("shared memory through a pipe: now {} here", shared.get(0)?);
    // ANCHOR_END: works
    Ok(())
}

/// The message up to the colon; behind it stands what to do instead.
fn what(problem: &Error) -> String {
    let message = problem.to_string();
    message.split(": ").next().unwrap_or_default().to_string()
}

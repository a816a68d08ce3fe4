//! A queue in a static: threads share it, processes do not.
//!
//! Chapter: queue
//! Run: `cargo run --example queue_not_shared`

use multiproc::{Process, Result};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

// ANCHOR: static
static JOBS: Mutex<VecDeque<u32>> = Mutex::new(VecDeque::new());

fn produce(_: ()) {
    JOBS.lock().expect("nobody panics").extend([1, 2, 3]);
}

fn waiting() -> usize {
    JOBS.lock().expect("nobody panics").len()
}
// ANCHOR_END: static

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: main
    Process::spawn(produce, ())?.join()?;
    println!("after a process has put three jobs: {}", waiting());

    thread::spawn(|| produce(())).join().expect("nobody panics");
    println!("after a thread has put three jobs: {}", waiting());
    // ANCHOR_END: main
    Ok(())
}

//! A worker is killed in the middle of a task: one result is lost, and said so.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_killed`

use multiproc::{Error, Pool};
use rustix::process::{Signal, getpid, kill_process};

// ANCHOR: work
/// Item 3 ends its worker, as the kernel does to a process when memory runs out.
fn work(number: u32) -> u32 {
    if number == 3 {
        kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
    }
    number * 100
}
// ANCHOR_END: work

fn main() -> multiproc::Result<()> {
    multiproc::init();

    // ANCHOR: killed
    let pool = Pool::new(2)?;
    for (index, result) in pool.imap(work, 0..6)?.enumerate() {
        match result {
            Ok(value) => println!("item {index}: {value}"),
            Err(Error::Killed { pid, signal }) => {
                println!(
                    "item {index}: lost, pid {pid} was killed by signal {signal}"
                );
            }
            Err(other) => return Err(other),
        }
    }

    // A new worker has taken the dead one's place.
    println!("the pool still works: {:?}", pool.map(work, [7, 8])?);
    // ANCHOR_END: killed
    Ok(())
}

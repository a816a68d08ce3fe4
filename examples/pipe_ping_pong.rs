//! A conversation between two processes over one pipe.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_ping_pong`

use multiproc::{Connection, Error, Process, Result, pipe};
use std::time::Instant;

// ANCHOR: child
/// Answers every number with the next one, until the parent hangs up.
fn answer(parent: Connection) -> Result<u32> {
    let mut rounds = 0;
    loop {
        match parent.recv::<u32>() {
            Ok(number) => parent.send(&(number + 1))?,
            Err(Error::Disconnected) => return Ok(rounds),
            Err(other) => return Err(other),
        }
        rounds += 1;
    }
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: parent
    let (here, there) = pipe()?;
    let process = Process::spawn(answer, there)?;

    let mut number = 0;
    for _ in 0..3 {
        here.send(&number)?;
        let reply: u32 = here.recv()?;
        println!("ping {number}, pong {reply}");
        number = reply;
    }
    // ANCHOR_END: parent

    let start = Instant::now();
    for _ in 0..1000 {
        here.send(&number)?;
        number = here.recv()?;
    }
    println!(
        "1000 rounds more, up to {number}, took {:?}",
        start.elapsed()
    );

    // ANCHOR: hang_up
    drop(here); // the child's `recv` now ends with `Disconnected`
    println!("the child counted {} rounds", process.join()??);
    // ANCHOR_END: hang_up
    Ok(())
}

//! Both sides send and neither receives: a deadlock, and the way out.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_deadlock`

use multiproc::{Connection, Error, Process, Result, pipe};
use std::time::Duration;

// ANCHOR: echo
/// Sends back all that it receives.
fn echo(parent: Connection) -> Result<()> {
    loop {
        match parent.recv::<String>() {
            Ok(message) => parent.send(&message)?, // waits while the pipe is full
            Err(Error::Disconnected) => return Ok(()),
            Err(other) => return Err(other),
        }
    }
}
// ANCHOR_END: echo

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: wrong
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there)?;

    // Wrong: all questions first. The echoes fill the pipe that nobody reads, so
    // the child waits in `send`; then ours fills, and with `send` we would wait,
    // too: each for the other, for ever.
    let message = "x".repeat(1000);
    let mut sent = 0;
    while here.send_timeout(&message, Duration::from_millis(500))? {
        sent += 1;
    }
    println!("stuck after less than 10,000 messages: {}", sent < 10_000);
    // ANCHOR_END: wrong

    // ANCHOR: right
    // The way out: take what is there, and the child goes on.
    for _ in 0..sent {
        here.recv::<String>()?;
    }
    println!("all echoes have come back");

    // Right: one question, one answer. At most one message is under way.
    for _ in 0..1000 {
        here.send(&message)?;
        here.recv::<String>()?;
    }
    println!("1000 messages in turns: no deadlock");
    // ANCHOR_END: right
    drop(here);
    process.join()?
}

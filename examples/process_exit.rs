//! Shows every way a child can end, and what its parent learns.
//!
//! Chapter: process
//! Run: `cargo run --example process_exit`

use multiproc::{Error, Process};
use std::thread;
use std::time::Duration;

// ANCHOR: children
fn returns(_: ()) -> i32 {
    7
}

fn panics(_: ()) -> i32 {
    let empty: Vec<i32> = Vec::new();
    empty[0]
}

fn exits(_: ()) -> i32 {
    std::process::exit(42)
}

fn aborts(_: ()) -> i32 {
    std::process::abort()
}

fn hangs(_: ()) -> i32 {
    loop {
        thread::park();
    }
}
// ANCHOR_END: children

fn main() -> multiproc::Result<()> {
    multiproc::init();

    report("returns", Process::spawn(returns, ())?.join());
    report("panics", Process::spawn(panics, ())?.join());
    report("exits", Process::spawn(exits, ())?.join());
    report("aborts", Process::spawn(aborts, ())?.join());

    // ANCHOR: hangs
    let mut hanging = Process::spawn(hangs, ())?;
    if hanging.join_timeout(Duration::from_millis(100))?.is_none() {
        println!("hangs: still running");
    }
    hanging.terminate()?; // asks: SIGTERM, which a program may handle
    report("terminated", hanging.join());

    let hanging = Process::spawn(hangs, ())?;
    hanging.kill()?; // does not ask: SIGKILL
    report("killed", hanging.join());
    // ANCHOR_END: hangs
    Ok(())
}

// ANCHOR: report
fn report(what: &str, outcome: multiproc::Result<i32>) {
    match outcome {
        Ok(value) => println!("{what}: the value {value}"),
        Err(Error::Panicked { message, .. }) => println!("{what}: panic, {message}"),
        Err(Error::Exited { code, .. }) => println!("{what}: exit code {code}"),
        Err(Error::Killed { signal, .. }) => println!("{what}: signal {signal}"),
        Err(other) => println!("{what}: {other}"),
    }
}
// ANCHOR_END: report

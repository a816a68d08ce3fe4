//! A child that has ended and was never waited for is a zombie.
//!
//! Chapter: process
//! Run: `cargo run --example process_zombie`

use multiproc::Process;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::error::Error;
use std::fs;
use std::process::Command;

// ANCHOR: state
/// The letter for a process's state, as `ps` shows it: S sleeps, Z is a zombie.
fn state(id: u32) -> String {
    let Ok(line) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return String::from("no such process");
    };
    // It stands after the name, which is in brackets and may hold anything.
    let after_name = line.rsplit(") ").next().unwrap_or_default();
    after_name.chars().take(1).collect()
}
// ANCHOR_END: state

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();

    // ANCHOR: command
    let mut child = Command::new("true").spawn()?;
    // Sleeps until the child has ended, but leaves its remains to `wait`.
    let id = WaitId::Pid(Pid::from_child(&child));
    waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;

    println!("ended and not waited for: {}", state(child.id()));
    child.wait()?;
    println!("after wait: {}", state(child.id()));
    // ANCHOR_END: command

    // ANCHOR: ours
    let process = Process::spawn(|_: ()| {}, ())?;
    let id = process.id();
    drop(process); // ends the child and waits for it
    println!("after the drop of a Process: {}", state(id));
    // ANCHOR_END: ours
    Ok(())
}

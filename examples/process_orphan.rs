//! The parent is killed: what becomes of its children?
//!
//! Chapter: process
//! Run: `cargo run --example process_orphan`

use multiproc::{Connection, Process, pipe, wait};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::error::Error;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::thread;
use std::time::Duration;

fn sleep(_: ()) {
    thread::sleep(Duration::from_secs(1000));
}

// ANCHOR: parent
/// Starts two children, tells their ids, and waits to be killed.
fn start_two((caller, input): (Connection, Connection)) -> multiproc::Result<()> {
    let ours = Process::spawn(sleep, ())?;
    let input = input.as_fd().try_clone_to_owned().expect("a few are free");
    let plain = Command::new("cat").stdin(input).spawn();
    let mut plain = plain.expect("every Linux has `cat`");
    let told = caller.send(&(ours.id(), plain.id()));
    plain.wait().expect("nobody else waits for it");
    told
}
// ANCHOR_END: parent

/// A descriptor of the process: it becomes readable when the process has ended.
fn watch(id: u32) -> Result<OwnedFd, Box<dyn Error>> {
    let id = Pid::from_raw(i32::try_from(id)?).ok_or("no process has the id 0")?;
    Ok(pidfd_open(id, PidfdFlags::empty())?)
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();

    // ANCHOR: kill
    let (here, there) = pipe()?;
    let (_line, input) = pipe()?; // `cat` reads it, and so ends when we do
    let parent = Process::spawn(start_two, (there, input))?;
    let (ours, plain): (u32, u32) = here.recv()?;
    let (ours, plain) = (watch(ours)?, watch(plain)?);
    parent.kill()?;
    println!("the parent: {}", parent.join().expect_err("it was killed"));

    wait(&[&ours], None)?; // sleeps until that child has ended
    println!("its Process has ended");
    let ended = wait(&[&plain], Some(Duration::ZERO))?;
    println!("its Command has ended: {}", !ended.is_empty());
    pidfd_send_signal(&plain, Signal::KILL)?; // nobody else will
    // ANCHOR_END: kill
    Ok(())
}

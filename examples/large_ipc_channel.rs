//! A large text for another process, without copying it for the journey.
//!
//! Chapter: large
//! Run: `cargo run --example large_ipc_channel`

use ipc_channel::ipc::{IpcOneShotServer, IpcSender, IpcSharedMemory, channel};
use multiproc::{Process, wait};
use std::error::Error;
use std::os::fd::AsFd;
use std::thread;

const SIZE: usize = 2_000_000;

/// What the child hands to its parent: a way to send.
type Sender = IpcSender<IpcSharedMemory>;

// ANCHOR: child
/// Counts line ends in memory that the parent has filled.
fn count_lines(server: String) -> usize {
    let (sender, receiver) = channel().expect("the system has descriptors left");
    let hello = IpcSender::connect(server).expect("the parent waits");
    hello.send(sender).expect("the parent waits");

    let text: IpcSharedMemory = receiver.recv().expect("the parent answers");
    text.iter().filter(|byte| **byte == b'\n').count()
}
// ANCHOR_END: child

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let line = b"a line of twenty-five ..\n";
    let text = line.repeat(SIZE / line.len());

    // ANCHOR: parent
    let (server, name) = IpcOneShotServer::<Sender>::new()?;
    let process = Process::spawn(count_lines, name.clone())?;

    // `accept` waits for ever if nobody connects. So we do when the child has ended.
    let ended = process.as_fd().try_clone_to_owned()?;
    thread::spawn(move || {
        wait(&[&ended], None).map(|_| IpcSender::<Sender>::connect(name).map(drop))
    });
    let (_, to_child) = server.accept()?;

    // Copied once, into shared memory; what is sent is a descriptor of that.
    to_child.send(IpcSharedMemory::from_bytes(&text))?;
    let lines = process.join()?;
    // ANCHOR_END: parent

    println!("{} bytes, {lines} lines", text.len());
    Ok(())
}

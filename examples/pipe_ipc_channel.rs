//! The conversation of `pipe_ping_pong` with the ready-made crate `ipc-channel`.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_ipc_channel`

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::env;
use std::error::Error;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

/// What the child hands to its parent: a way to send, and a way to receive.
type Ends = (IpcSender<u32>, IpcReceiver<u32>);

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(server) => child(server),
        None => parent(),
    }
}

// ANCHOR: parent
fn parent() -> Result<(), Box<dyn Error>> {
    // A channel needs a meeting point that both know: a socket with a name. The
    // child is this program again, with the name as its argument.
    let (server, name) = IpcOneShotServer::<Ends>::new()?;
    let mut process = Command::new(env::current_exe()?).arg(&name).spawn()?;

    // `accept` blocks until somebody connects: the child or, once that has died, we.
    connect_after(&process, name);
    let (_, (sender, receiver)) = server.accept()?;

    let mut number = 0;
    for _ in 0..3 {
        sender.send(number)?;
        let reply = receiver.recv()?;
        println!("ping {number}, pong {reply}");
        number = reply;
    }
    // ANCHOR_END: parent

    let start = Instant::now();
    for _ in 0..1000 {
        sender.send(number)?;
        number = receiver.recv()?;
    }
    println!(
        "1000 rounds more, up to {number}, took {:?}",
        start.elapsed()
    );

    drop(sender); // the child's `recv` now ends with an error
    let status = process.wait()?;
    println!("the child's {status}");
    Ok(())
}

// ANCHOR: after
/// Connects when the child has ended, and hangs up. If the child never came as far,
/// this is what lets `accept` return, with an error; else nobody is there any more.
fn connect_after(child: &Child, server: String) {
    let child = WaitId::Pid(Pid::from_child(child));
    thread::spawn(move || {
        let _ = waitid(child, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        IpcSender::<Ends>::connect(server).map(drop)
    });
}
// ANCHOR_END: after

// ANCHOR: child
fn child(server: String) -> Result<(), Box<dyn Error>> {
    let (to_child, from_parent) = ipc::channel()?;
    let (to_parent, from_child) = ipc::channel()?;
    let meeting: IpcSender<Ends> = IpcSender::connect(server)?;
    meeting.send((to_child, from_child))?;

    while let Ok(number) = from_parent.recv() {
        to_parent.send(number + 1)?;
    }
    Ok(())
}
// ANCHOR_END: child

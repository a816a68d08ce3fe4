//! One producer and one consumer, joined by a channel of ipc-channel.
//!
//! Chapter: queue
//! Run: `cargo run --example queue_ipc_channel`

use ipc_channel::ipc::{IpcOneShotServer, IpcSender};
use multiproc::{Process, wait};
use std::error::Error;
use std::os::fd::AsFd;
use std::thread;

// ANCHOR: produce
/// Sends the numbers up to 100; dropping the sender at the end closes the channel.
fn produce(server: String) {
    let numbers = IpcSender::connect(server).expect("the parent waits");
    for number in 1..=100_u64 {
        numbers.send(number).expect("the parent listens");
    }
}
// ANCHOR_END: produce

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();

    // ANCHOR: consume
    let (server, name) = IpcOneShotServer::<u64>::new()?;
    let producer = Process::spawn(produce, name.clone())?;

    // `accept` waits for ever if nobody connects. So we do when the producer has ended.
    let ended = producer.as_fd().try_clone_to_owned()?;
    thread::spawn(move || {
        wait(&[&ended], None).map(|_| IpcSender::<u64>::connect(name).map(drop))
    });
    let (numbers, first) = server.accept()?;

    let mut squares = vec![first * first];
    while let Ok(number) = numbers.recv() {
        squares.push(number * number);
    }
    producer.join()?;
    // ANCHOR_END: consume

    let sum: u64 = squares.iter().sum();
    println!("{} squares, their sum is {sum}", squares.len());
    Ok(())
}

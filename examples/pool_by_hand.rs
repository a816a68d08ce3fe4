//! A team of worker processes made of `std` and ipc-channel: a pool by hand.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_by_hand`

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::env;
use std::error::Error;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

const FIRST: u64 = 1_000_000_000_001;
const COUNT: usize = 50;
const WORKERS: usize = 2;
/// A worker that says nothing for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a worker says: its place in the team, the number, its smallest factor.
type Reply = (usize, u64, u64);
/// What a worker needs: its place, where numbers come from, where replies go.
type Start = (usize, IpcReceiver<u64>, IpcSender<Reply>);

/// The smallest factor above 1: the number itself when it is prime.
fn smallest_factor(number: u64) -> u64 {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .find(|divisor| number.is_multiple_of(*divisor))
        .unwrap_or(number)
}

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(server) => work(server),
        None => lead(),
    }
}

// ANCHOR: worker
/// A worker, as its parent holds it.
struct Worker {
    numbers: IpcSender<u64>,
    process: Child,
}

fn start_worker(
    place: usize,
    replies: IpcSender<Reply>,
) -> Result<Worker, Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::<IpcSender<Start>>::new()?;
    let process = Command::new(env::current_exe()?).arg(&name).spawn()?;
    connect_after(&process, name);
    let (_, to_worker) = server.accept()?;
    let (numbers, receiver) = ipc::channel()?;
    to_worker.send((place, receiver, replies))?;
    Ok(Worker { numbers, process })
}
// ANCHOR_END: worker

/// Connects when the worker has ended, and hangs up. If the worker never came as far,
/// this is what lets `accept` return, with an error; else nobody is there any more.
fn connect_after(worker: &Child, server: String) {
    let worker = WaitId::Pid(Pid::from_child(worker));
    thread::spawn(move || {
        let _ = waitid(worker, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        IpcSender::<IpcSender<Start>>::connect(server).map(drop)
    });
}

// ANCHOR: work
/// What a worker does, until its parent drops the sending end.
fn work(server: String) -> Result<(), Box<dyn Error>> {
    let (sender, start) = ipc::channel::<Start>()?;
    IpcSender::connect(server)?.send(sender)?;
    let (place, numbers, replies) = start.recv()?;
    while let Ok(number) = numbers.recv() {
        replies.send((place, number, smallest_factor(number)))?;
    }
    Ok(())
}
// ANCHOR_END: work

// ANCHOR: lead
fn lead() -> Result<(), Box<dyn Error>> {
    let (sender, replies) = ipc::channel()?;
    let team = (0..WORKERS)
        .map(|place| start_worker(place, sender.clone()))
        .collect::<Result<Vec<Worker>, _>>()?;

    let mut left = (FIRST..).step_by(2).take(COUNT);
    for (worker, number) in team.iter().zip(left.by_ref()) {
        worker.numbers.send(number)?; // one number each, to begin with
    }
    let mut primes = Vec::new();
    for _ in 0..COUNT {
        // Whoever is first. Nothing says that a worker has died with a number.
        let reply = replies.try_recv_timeout(PATIENCE);
        let (place, number, factor) = reply.map_err(|_| "a worker is silent")?;
        if let Some(next) = left.next() {
            team[place].numbers.send(next)?;
        }
        if factor == number {
            primes.push(number);
        }
    }
    // ANCHOR_END: lead

    // They came in any order.
    primes.sort_unstable();
    println!("primes: {primes:?}");
    for mut worker in team {
        drop(worker.numbers); // the worker's `recv` ends with an error
        println!("a worker's {}", worker.process.wait()?);
    }
    Ok(())
}

//! A process that owns a table and serves it to others: what Python calls a manager.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_server`

use multiproc::{Connection, Error, Process, Result, pipe, wait};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::AsFd;

// ANCHOR: messages
/// What clients ask; each question has one answer.
#[derive(Serialize, Deserialize)]
enum Question {
    /// Adds to the number of this name, and answers the sum.
    Add(String, i64),
    /// Answers the number of this name, or zero.
    Get(String),
}
// ANCHOR_END: messages

// ANCHOR: serve
/// Serves all clients until the last has hung up.
fn serve(mut clients: Vec<Connection>) -> Result<()> {
    let mut table: BTreeMap<String, i64> = BTreeMap::new();
    while !clients.is_empty() {
        let watched: Vec<&dyn AsFd> =
            clients.iter().map(|client| client as &dyn AsFd).collect();
        let place = wait(&watched, None)?[0];
        let answer = match clients[place].recv() {
            Ok(Question::Add(name, number)) => {
                let sum = table.entry(name).or_default();
                *sum += number;
                *sum
            }
            Ok(Question::Get(name)) => table.get(&name).copied().unwrap_or(0),
            Err(Error::Disconnected) => {
                clients.swap_remove(place);
                continue;
            }
            Err(other) => return Err(other),
        };
        clients[place].send(&answer)?;
    }
    Ok(())
}
// ANCHOR_END: serve

// ANCHOR: client
/// Adds 1 a hundred times. No lock is needed: the server does one thing at a time.
fn count(server: Connection) -> Result<()> {
    for _ in 0..100 {
        server.send(&Question::Add(String::from("visits"), 1))?;
        server.recv::<i64>()?;
    }
    Ok(())
}
// ANCHOR_END: client

fn main() -> Result<()> {
    multiproc::init();
    let (ours, servers_first) = pipe()?;
    let (clients_end, servers_second) = pipe()?;
    let server = Process::spawn(serve, vec![servers_first, servers_second])?;
    let client = Process::spawn(count, clients_end)?;

    for _ in 0..100 {
        ours.send(&Question::Add(String::from("visits"), 1))?;
        ours.recv::<i64>()?;
    }
    client.join()??;
    ours.send(&Question::Get(String::from("visits")))?;
    println!("visits: {}", ours.recv::<i64>()?);
    drop(ours);
    server.join()?
}

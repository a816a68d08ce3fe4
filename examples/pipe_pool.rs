//! A pool from parts: one pipe a worker, and a lost worker is noticed.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_pool`

use multiproc::{Connection, Error, Process, Result, pipe, wait};
use std::os::fd::AsFd;

const WORKERS: usize = 2;

// ANCHOR: worker
/// A worker, as its parent holds it, and the place of the task in its hands.
struct Worker {
    connection: Connection,
    process: Process<()>,
    task: usize,
}

impl Worker {
    fn start() -> Result<Worker> {
        let (connection, theirs) = pipe()?;
        Ok(Worker {
            connection,
            process: Process::spawn(work, theirs)?,
            task: 0,
        })
    }

    fn give(&mut self, task: usize, number: u64) -> Result<()> {
        self.task = task;
        match self.connection.send(&number) {
            Err(Error::Disconnected) => Ok(()), // it has died, as `recv` will tell
            sent => sent,
        }
    }
}

// ANCHOR_END: worker

// ANCHOR: work
/// Squares numbers until the parent hangs up; does not survive the number 5.
fn work(parent: Connection) {
    while let Ok(number) = parent.recv::<u64>() {
        if number == 5 {
            std::process::abort();
        }
        parent.send(&(number * number)).expect("the parent listens");
    }
}
// ANCHOR_END: work

// ANCHOR: start
fn squares(numbers: &[u64]) -> Result<Vec<Option<u64>>> {
    let mut results = vec![None; numbers.len()];
    let mut left = numbers.iter().enumerate();
    let mut team = Vec::new();
    for (task, number) in left.by_ref().take(WORKERS) {
        team.push(Worker::start()?);
        team[task].give(task, *number)?;
    }
    // ANCHOR_END: start
    // ANCHOR: map
    while !team.is_empty() {
        let place = wait(&connections(&team), None)?[0]; // whoever is first
        let task = team[place].task;
        match team[place].connection.recv() {
            Ok(square) => results[task] = Some(square),
            Err(Error::Disconnected) => {
                let dead = std::mem::replace(&mut team[place], Worker::start()?);
                let problem = dead.process.join().expect_err("it has ended");
                println!("task {task} is lost: {problem}");
            }
            Err(other) => return Err(other),
        }
        match left.next() {
            Some((task, number)) => team[place].give(task, *number)?,
            None => team.swap_remove(place).retire()?,
        }
    }
    Ok(results)
}
// ANCHOR_END: map

// ANCHOR: rest
fn connections(team: &[Worker]) -> Vec<&dyn AsFd> {
    team.iter()
        .map(|worker| &worker.connection as &dyn AsFd)
        .collect()
}

impl Worker {
    /// Hangs up, which ends the worker, and waits for its end.
    fn retire(self) -> Result<()> {
        drop(self.connection);
        self.process.join()
    }
}
// ANCHOR_END: rest

fn main() -> Result<()> {
    multiproc::init();
    let numbers: Vec<u64> = (1..=8).collect();
    for (number, square) in numbers.iter().zip(squares(&numbers)?) {
        match square {
            Some(square) => println!("{number}: {square}"),
            None => println!("{number}: no result"),
        }
    }
    Ok(())
}

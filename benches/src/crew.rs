//! Threads and processes that do something many times whenever they are told to.
//!
//! They are started before the clock, so that what is measured is their work
//! and one message there and back.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, unbounded};
use multiproc::{Connection, Process};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Processes that work together.
#[derive(Debug, Default)]
pub struct ProcessCrew {
    connections: Vec<Connection>,
    processes: Vec<Process<()>>,
}

impl ProcessCrew {
    /// Starts a process that runs `function`, which should call [`obey`].
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn hire<A>(&mut self, function: fn((Connection, A)), argument: A)
    where
        A: Serialize + DeserializeOwned,
    {
        let (ours, theirs) = multiproc::pipe().expect("a pipe");
        let process = Process::spawn(function, (theirs, argument));
        self.processes.push(process.expect("a process"));
        self.connections.push(ours);
    }

    /// Lets each do its work `count` times; returns when all have.
    ///
    /// # Panics
    ///
    /// When one of them has ended.
    pub fn run(&self, count: u64) -> Duration {
        let start = Instant::now();
        for connection in &self.connections {
            connection.send(&count).expect("a member");
        }
        for connection in &self.connections {
            connection.recv::<()>().expect("a member that did its work");
        }
        start.elapsed()
    }
}

/// What a member of a [`ProcessCrew`] does until the crew is dropped.
///
/// # Panics
///
/// When the other side ends in the middle.
pub fn obey(connection: &Connection, mut work: impl FnMut(u64)) {
    while let Ok(count) = connection.recv::<u64>() {
        work(count);
        connection.send(&()).expect("the crew");
    }
}

/// Threads that work together.
#[derive(Debug)]
pub struct ThreadCrew {
    orders: Vec<Sender<u64>>,
    done: (Sender<()>, Receiver<()>),
}

impl Default for ThreadCrew {
    fn default() -> ThreadCrew {
        ThreadCrew {
            orders: Vec::new(),
            done: unbounded(),
        }
    }
}

impl ThreadCrew {
    /// Starts a thread that does `work` as many times as it is told.
    pub fn hire(&mut self, mut work: impl FnMut(u64) + Send + 'static) {
        let (orders, inbox) = unbounded();
        let done = self.done.0.clone();
        // It ends when the crew, and so the sender of its orders, is dropped.
        thread::spawn(move || {
            for count in inbox {
                work(count);
                if done.send(()).is_err() {
                    break;
                }
            }
        });
        self.orders.push(orders);
    }

    /// Lets each do its work `count` times; returns when all have.
    ///
    /// # Panics
    ///
    /// When one of them has ended.
    pub fn run(&self, count: u64) -> Duration {
        let start = Instant::now();
        for order in &self.orders {
            order.send(count).expect("a member");
        }
        for _ in &self.orders {
            self.done.1.recv().expect("a member that did its work");
        }
        start.elapsed()
    }
}

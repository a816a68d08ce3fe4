//! Tasks: what a worker is handed.

use serde::{Deserialize, Serialize};

use crate::connection::{Connection, ask};
use crate::protocol::{Ending, Order, Reply, Request};

/// A piece of work. It travels to whoever is to do it; what it consists of is
/// learned only by entering it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Task {
    id: u64,
    /// What there is to do where nobody grades.
    sample: Order,
}

/// The sample tasks 1 to `count`: task n works on the number n.
#[must_use]
pub fn samples(count: u64) -> Vec<Task> {
    (1..=count)
        .map(|id| Task::new(id, id.cast_signed()))
        .collect()
}

impl Task {
    /// A sample task that works on `number`.
    #[must_use]
    pub fn new(id: u64, number: i64) -> Task {
        let sample = Order {
            number,
            ..Order::default()
        };
        Task { id, sample }
    }

    /// The same sample task, with another ending.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Task {
        self.sample.ending = ending;
        self
    }

    /// The same sample task, for a result of `size` bytes.
    #[must_use]
    pub fn sized(mut self, size: usize) -> Task {
        self.sample.size = size;
        self
    }

    /// The task's number, for messages: it says nothing about its content.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Begins the work. Under the grader this blocks until it lets the process
    /// in, and the input comes with that.
    ///
    /// # Panics
    ///
    /// When the grader is gone.
    #[must_use]
    pub fn enter(&self) -> Visit {
        match ask(Request::Enter { task: self.id }) {
            None => Visit {
                order: self.sample.clone(),
                connection: None,
            },
            Some((Reply::Go { order }, connection)) => Visit {
                order,
                connection: Some(connection),
            },
            Some((other, _)) => panic!("unexpected reply {other:?}"),
        }
    }
}

/// A task being worked on. Dropping it tells the grader that it is done.
#[derive(Debug)]
pub struct Visit {
    order: Order,
    connection: Option<Connection>,
}

impl Visit {
    /// What there is to do.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // the connection closes without a word: the task failed
        }
        if let Some(connection) = self.connection.take() {
            connection.leave(None);
        }
    }
}

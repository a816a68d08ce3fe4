//! Tasks: what a worker is handed.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

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

/// Sample tasks on real files: the sources of the probe itself.
#[must_use]
pub fn sample_files() -> Vec<Task> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let tasks = (1..).zip(paths).map(|(id, path)| {
        let mut task = Task::new(id, 0);
        task.sample.file = path.display().to_string();
        task
    });
    tasks.collect()
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

/// The task as one word: an argument of a program, or a line on a pipe.
impl fmt::Display for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

/// Back from that word.
impl FromStr for Task {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Task, serde_json::Error> {
        serde_json::from_str(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_a_word() {
        let task = Task::new(3, 7).ending(Ending::Panic("no \"more\"\n".into()));
        let word = task.to_string();
        assert!(!word.contains('\n'));
        assert_eq!(word.parse::<Task>().ok(), Some(task));
        assert!("seven".parse::<Task>().is_err());
    }

    #[test]
    fn finds_its_own_sources() {
        let tasks = sample_files();
        let files = tasks.iter().map(|task| task.sample.file.clone());
        assert!(files.clone().any(|file| file.ends_with("/task.rs")));
        assert!(files.clone().all(|file| Path::new(&file).is_file()));
    }
}

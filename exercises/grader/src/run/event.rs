//! What a run tells.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::supervise::End;

/// The number of a visit, in the order of coming.
pub type VisitId = u64;

/// Somebody at a task or a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The number of the visit.
    pub id: VisitId,
    /// The process, by the kernel's word.
    pub process: u32,
    /// The id by which the answer knows this process.
    pub inner: u32,
    /// Where it is.
    pub place: Place,
}

/// Where a visitor is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At the task of this number.
    Task(u64),
    /// At a named place in the program.
    Point {
        /// The name.
        name: String,
        /// What the program says there.
        number: i64,
    },
}

impl Visit {
    /// The task's number, if it is at a task.
    #[must_use]
    pub fn task(&self) -> Option<u64> {
        match self.place {
            Place::Task(task) => Some(task),
            Place::Point { .. } => None,
        }
    }

    /// What the program says at its point.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self.place {
            Place::Task(_) => None,
            Place::Point { number, .. } => Some(number),
        }
    }

    /// Whether it is at the point of this name.
    #[must_use]
    pub fn is_at(&self, point: &str) -> bool {
        matches!(&self.place, Place::Point { name, .. } if name == point)
    }
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A process has come to a task or a point and waits to be let in.
    Entered(Visit),
    /// It has come to the end of it, and maybe tells a number.
    Left(Visit, Option<i64>),
    /// Its connection has closed without a word: it panicked or died there.
    Lost(Visit),
    /// The program has asked for its input.
    Asked(u32),
    /// A process has handed in an answer.
    Answered(u32, Value),
    /// The main process has ended.
    Ended(End),
}

/// Why a run cannot go on.
#[derive(Clone, Debug)]
pub enum Stop {
    /// All wait for each other: the lines say who waits for what.
    Deadlocked(Vec<String>),
    /// It computes and computes.
    Spinning,
    /// It has not come to an end in this time.
    Deadline(Duration),
    /// It starts processes without end: so many were alive.
    Storm(usize),
    /// It prints without end.
    Flooded,
    /// It has ended before it did what it was to do.
    Ended(End),
    /// It came to the `todo!` in this line of its source, and went no further.
    Unwritten(usize),
    /// The supervising helper is gone; nothing can be known any more.
    HelperLost,
    /// The grader itself has failed.
    Grader(Arc<io::Error>),
}

impl Stop {
    /// Whether another run would cost as much time, or do as much harm.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Stop::Storm(_) | Stop::HelperLost | Stop::Deadline(_) | Stop::Spinning
        )
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Grader(Arc::new(error))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Deadlocked(waits) => {
                write!(
                    formatter,
                    "deadlock: everything waits and nobody is left to "
                )?;
                write!(formatter, "wake it:")?;
                waits
                    .iter()
                    .try_for_each(|line| write!(formatter, "\n  {line}"))
            }
            Stop::Spinning => write!(
                formatter,
                "busy waiting: it used seconds of processor time and nothing came \
                 of it"
            ),
            Stop::Deadline(time) => {
                write!(formatter, "it had not ended after {} s", time.as_secs())
            }
            Stop::Storm(count) => {
                write!(formatter, "it starts processes without end: {count} so far")
            }
            Stop::Flooded => write!(formatter, "it printed more than 1 MiB"),
            Stop::Ended(end) => {
                write!(formatter, "the main process ended too early ({})", end.exit)
            }
            Stop::Unwritten(line) => {
                write!(formatter, "line {line} is not written yet")
            }
            Stop::HelperLost => {
                write!(formatter, "the grader's helper was killed: nothing counts")
            }
            Stop::Grader(error) => write!(formatter, "the grader failed: {error}"),
        }
    }
}

/// A run that has come to its end.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What the main process handed in, if it did so once.
    pub answer: Option<Value>,
    /// How it ended, and what it left.
    pub end: End,
    /// The id of the main process.
    pub main: u32,
    /// What it printed.
    pub output: String,
    /// What was left in the folder for temporary files.
    pub files: Vec<String>,
    /// What stands in the working folder: name and content, folders included in
    /// the name.
    pub written: BTreeMap<String, Vec<u8>>,
    /// Everything that happened.
    pub log: Vec<Event>,
}

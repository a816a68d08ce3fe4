//! The helper that runs an answer and stays above everything it starts.
//!
//! ```text
//! grader
//!   └─ supervisor              child subreaper, own session, own namespaces' parent
//!        └─ warden             process 1 of a namespace (where one can be had)
//!             └─ answer        own process group
//!                  └─ …        whatever it starts; orphans climb to the warden
//! ```
//!
//! Where no namespace can be had, the supervisor is the warden itself. Grader and
//! helper talk over one socket: it closes when either of them is gone, and then
//! everything below ends.
//!
//! # Layout
//!
//! - `limits`: bounds on memory, time, files and processes
//! - `namespace`: a process namespace of the answer's own
//! - `start`: one program is copied or started at a time
//! - `supervised`: the grader's handle
//! - `sweep`: ending a tree
//! - `warden`: starts the answer, counts what it leaves behind

mod limits;
mod namespace;
mod start;
mod supervised;
mod sweep;
mod warden;

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use limits::Limits;
pub(crate) use start::{copy_program, start};
pub use supervised::Supervised;
pub(crate) use sweep::signal;

/// The first argument of a helper process.
const SUPERVISE: &str = "--grader-supervise";
/// The first argument of process 1 in a namespace.
const WARDEN: &str = "--grader-warden";

/// Becomes the supervising helper if this process was started as one.
///
/// It is the first line of `main` in every program that grades.
pub fn init() {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some(SUPERVISE) => namespace::supervise(),
        Some(WARDEN) => {
            warden::guard_namespace(&arguments.next().unwrap_or_default())
        }
        _ => {}
    }
}

/// What the helper is to run, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Assignment {
    /// The answer's program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Its working folder.
    pub folder: PathBuf,
    /// What it may use.
    pub limits: Limits,
    /// How it is kept together.
    pub containment: Containment,
}

impl Assignment {
    /// The entry in the environment by which a process of this run is known.
    fn mark(&self) -> String {
        let value = self.environment.get(probe::protocol::VARIABLE);
        let value = value.map_or("", String::as_str);
        format!("{}={value}", probe::protocol::VARIABLE)
    }
}

/// How the processes of an answer are kept together.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Containment {
    /// A process namespace: when its process 1 ends, so does all that is in it.
    Namespace,
    /// A subreaper, which inherits every orphan and ends it.
    Subreaper,
}

/// What the helper tells the grader, one line of JSON each.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Report {
    /// There is no process namespace to be had.
    Unavailable {
        /// What the kernel said.
        reason: String,
    },
    /// The answer could not be started.
    Failed {
        /// What the kernel said.
        reason: String,
    },
    /// The answer runs.
    Started {
        /// The id of its main process, as the helper sees it.
        id: u32,
        /// What bounds the number of its processes.
        bound: String,
    },
    /// The main process has ended.
    Ended(End),
}

/// How the main process ended, and what it left.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct End {
    /// How it ended.
    pub exit: Exit,
    /// Processes that had ended and that no parent had waited for: zombies, and
    /// orphans that ended on their own.
    pub unreaped: usize,
    /// Processes that were still alive.
    pub alive: Vec<Leftover>,
    /// Names left in shared memory (`/dev/shm`); empty where it is not private.
    pub shared_memory: Vec<String>,
}

/// A process that outlived the main one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Leftover {
    /// Its id, as the answer sees it.
    pub id: u32,
    /// The name of its program.
    pub name: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(formatter, "exit status {code}"),
            Exit::Signal(signal) => write!(formatter, "signal {signal}"),
        }
    }
}

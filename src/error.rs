//! What became of the other process, as one error type.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The result of everything in this crate that another process has a say in.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What became of the other process, or why it could not be reached.
///
/// It is a serde type, so a function that runs in another process may return a
/// [`Result`] and use `?`; only the cause of [`Error::Io`] crosses as its code or,
/// without one, as its text.
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The function panicked; the process that ran it could still say so.
    #[error("process {pid} panicked at {location}: {message}")]
    Panicked {
        /// The process that ran the function.
        pid: u32,
        /// The panic's message.
        message: String,
        /// Where it panicked, as `file:line:column`.
        location: String,
    },
    /// The process ended by itself before it had a result to send.
    #[error("process {pid} exited with code {code} before it answered")]
    Exited {
        /// The process that ended.
        pid: u32,
        /// Its exit code.
        code: i32,
    },
    /// A signal ended the process.
    #[error("process {pid} was killed by signal {signal}{}", name_of(*signal))]
    Killed {
        /// The process that was killed.
        pid: u32,
        /// The number of the signal, for example 9 for `SIGKILL`.
        signal: i32,
    },
    /// A task ran longer than the pool allows; its worker was killed.
    #[error("the task ran longer than {after:?}, so its process {pid} was killed")]
    TimedOut {
        /// The worker that was killed.
        pid: u32,
        /// The time that the task was allowed.
        after: Duration,
    },
    /// The task was cancelled, or its pool ended before it was done.
    #[error("the task was cancelled")]
    Cancelled,
    /// The pool's workers die before they can take a task.
    #[error("{attempts} workers in a row died before they could take a task")]
    Broken {
        /// How many workers were started in vain, one after another.
        attempts: u32,
        /// What became of the last of them.
        source: Box<Error>,
    },
    /// One item of a map failed.
    #[error("item {index} failed")]
    Item {
        /// The item's position in the input, from 0.
        index: usize,
        /// What became of it.
        source: Box<Error>,
    },
    /// `main` does not begin with `multiproc::init()`.
    #[error(
        "no process can be started before `multiproc::init()`: \
         make it the first line of `main`"
    )]
    NotInitialized,
    /// The result was already taken by an earlier `join_timeout`.
    #[error("the result was already taken by an earlier join")]
    AlreadyJoined,
    /// A value could not be turned into bytes; nothing was sent.
    #[error("the value cannot be serialized: {message}")]
    Encode {
        /// What serde said.
        message: String,
    },
    /// Bytes from another process are not a value of the expected type.
    #[error("the bytes cannot be deserialized: {message}")]
    Decode {
        /// What serde said.
        message: String,
    },
    /// A handle (a queue, a connection, shared memory) where none can travel.
    #[error(
        "a handle cannot travel here: pass it in a process's argument, \
         a pool's initializer argument or a connection's message"
    )]
    HandleCannotTravel,
    /// More handles in one message than the system carries.
    #[error(
        "{count} handles in one message, and the system carries {limit}: \
         send them in several messages"
    )]
    TooManyHandles {
        /// How many there were.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The item can never fit.
    #[error(
        "an item of {size} bytes does not fit into {capacity} bytes: \
         make the queue larger, or send the item through a pipe"
    )]
    TooLarge {
        /// The item's size in bytes, once serialized.
        size: usize,
        /// The most that fits, in bytes.
        capacity: usize,
    },
    /// A number that must be at least one is zero.
    #[error("the number of {what} cannot be zero")]
    Zero {
        /// What the number counts.
        what: Cow<'static, str>,
    },
    /// This end of a one-way pipe only sends, or only receives.
    #[error("this end of a one-way pipe only {only}")]
    OneWay {
        /// What it does: `"sends"` or `"receives"`.
        only: Cow<'static, str>,
    },
    /// The function is not part of the program itself.
    #[error(
        "the function is not part of the program's own image: \
         wrap it in a function of the program"
    )]
    ForeignFunction,
    /// Nobody holds the other end any more.
    #[error("nobody holds the other end any more")]
    Disconnected,
    /// The queue is closed.
    #[error("the queue is closed")]
    Closed,
    /// Killed consumers had taken items that nobody will mark as done.
    #[error(
        "{count} items were taken and never marked as done: \
         process {pid}, which held the last of them, died"
    )]
    Lost {
        /// The consumer that died last.
        pid: u32,
        /// How many items died with consumers.
        count: u64,
    },
    /// More items were marked as done than this process has taken.
    #[error("this process has taken no item that is not marked as done")]
    NothingTaken,
    /// Too many living processes have taken items from one queue.
    #[error("more than {limit} processes take items from one queue")]
    TooManyConsumers {
        /// How many there may be at a time.
        limit: usize,
    },
    /// A process died or panicked under the lock; nobody has repaired it yet.
    #[error(
        "process {pid} died or panicked under the lock: check what it \
         protects, then call `mark_repaired` on the guard"
    )]
    Poisoned {
        /// The process that held the lock.
        pid: u32,
    },
    /// This thread holds the lock already, so it would wait for itself.
    #[error("this thread holds the lock already: drop its guard first")]
    Deadlock,
    /// The barrier is broken: not all parties will come.
    #[error("the barrier is broken, {}", why_broken(*pid))]
    BarrierBroken {
        /// The party that died; none after `abort`, `reset` or a timeout.
        pid: Option<u32>,
    },
    /// The position lies outside of the array.
    #[error("position {index} is outside of {length} elements")]
    OutOfRange {
        /// The position, or the end of the range.
        index: usize,
        /// How many elements the array has.
        length: usize,
    },
    /// Memory or a message from another process does not look as it must.
    #[error("what another process sent or shares is not {what}")]
    Corrupt {
        /// What was expected.
        what: Cow<'static, str>,
    },
    /// The operating system refused.
    #[error("cannot {doing}{}", advice(source))]
    Io {
        /// What was being done.
        doing: Cow<'static, str>,
        /// The system's answer.
        #[serde(with = "system_error")]
        source: Arc<io::Error>,
    },
}

impl Error {
    /// What another process wrote is not what it must be.
    pub(crate) const fn corrupt(what: &'static str) -> Error {
        let what = Cow::Borrowed(what);
        Error::Corrupt { what }
    }

    /// Refuses a `number` of `what` that is zero.
    pub(crate) fn check_not_zero(number: usize, what: &'static str) -> Result<()> {
        match number {
            0 => Err(Error::Zero { what: what.into() }),
            _ => Ok(()),
        }
    }

    /// Gives the conversion from a system error for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(
        doing: &'static str,
    ) -> impl FnOnce(E) -> Error {
        move |source| Error::Io {
            doing: doing.into(),
            source: Arc::new(source.into()),
        }
    }
}

/// How a system error crosses: its code if it has one, else its text.
mod system_error {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        error: &Arc<io::Error>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match error.raw_os_error() {
            Some(code) => Ok::<i32, String>(code),
            None => Err(error.to_string()),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<io::Error>, D::Error> {
        Ok(Arc::new(match Result::<i32, String>::deserialize(from)? {
            Ok(code) => io::Error::from_raw_os_error(code),
            Err(text) => io::Error::other(text),
        }))
    }
}

/// Says what to do about the system errors that readers meet first.
fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => {
            " (too few descriptors: join processes earlier, or raise `ulimit -n`)"
        }
        Some(libc::ETOOMANYREFS) => {
            " (too many descriptors are on their way to processes that have not \
             read them: send fewer at a time, or raise `ulimit -n`)"
        }
        Some(libc::EAGAIN) => {
            " (too many processes: join some first, see `ulimit -u`)"
        }
        Some(libc::ENOMEM) => " (too little memory, see `ulimit -v`)",
        Some(libc::EFBIG) => " (files may not be so large, see `ulimit -f`)",
        Some(libc::ECHILD) => {
            " (this process ignores SIGCHLD, or somebody else waited for it)"
        }
        _ => "",
    }
}

fn why_broken(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("as process {pid} died: call `reset` to use it again"),
        None => "as a party timed out, aborted or reset it".into(),
    }
}

/// Names the signals that end processes in practice.
fn name_of(signal: i32) -> &'static str {
    match signal {
        libc::SIGHUP => " (SIGHUP)",
        libc::SIGINT => " (SIGINT)",
        libc::SIGQUIT => " (SIGQUIT)",
        libc::SIGILL => " (SIGILL)",
        libc::SIGTRAP => " (SIGTRAP)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGFPE => " (SIGFPE)",
        libc::SIGKILL => " (SIGKILL)",
        libc::SIGUSR1 => " (SIGUSR1)",
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGUSR2 => " (SIGUSR2)",
        libc::SIGPIPE => " (SIGPIPE)",
        libc::SIGALRM => " (SIGALRM)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGXCPU => " (SIGXCPU)",
        libc::SIGXFSZ => " (SIGXFSZ)",
        libc::SIGSYS => " (SIGSYS)",
        _ => "",
    }
}

//! Starting a function in a process of its own, and learning what became of it.

mod builder;
mod current;

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::{Deadline, wait_readable};
use crate::error::{Error, Result};
use crate::handle;
use crate::worker::Answer;
use crate::{packet, trace, waiting};

pub use builder::ProcessBuilder;
pub use current::{CurrentProcess, current_process};

/// A function that runs in a process of its own, and its result to come.
///
/// Dropping the handle kills the process and reaps it, so nothing is left
/// behind by accident; [`detach`](Process::detach) lets it run. Detached or
/// not, it ends when this process ends, however that happens.
///
/// ```text
///     parent                             child
///     spawn(square, 7) ── starts ──────> init() finds the request
///        │  (goes on with other work)    square(7)
///     join() waits                       │
///        │ <─────────── 49 ───────────── sends the result, exits
///     Ok(49)
/// ```
///
/// Unlike Python's `Process`, it brings the function's result back, and a
/// child that died is an error of `join` instead of a number to be checked.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Error, Process, Result};
///
/// fn divide((dividend, divisor): (u32, u32)) -> u32 {
///     dividend / divisor
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     assert_eq!(Process::spawn(divide, (12, 4))?.join()?, 3);
///     let failed = Process::spawn(divide, (12, 0))?.join();
///     assert!(matches!(failed, Err(Error::Panicked { .. })));
///     Ok(())
/// }
/// ```
#[doc(alias = "fork")]
pub struct Process<R> {
    child: Option<Running>,
    /// Kept when the child is reaped, so that whoever waits for several processes
    /// may go on to name this one.
    sentinel: Arc<OwnedFd>,
    id: u32,
    name: String,
    result: PhantomData<fn() -> R>,
}

/// What the parent holds of a child that it has not reaped.
struct Running {
    child: Child,
    socket: OwnedFd,
    answer: Option<Result<packet::Message>>,
    _lifeline: OwnedFd,
}

impl<R: Serialize + DeserializeOwned> Process<R> {
    /// Starts `function` with `argument` in a process of its own.
    ///
    /// The argument is sent as bytes, so the child works on a copy of it.
    /// Several arguments are passed as one tuple. A closure that captures
    /// nothing is a function too; one that captures is refused by the
    /// compiler, as its captures cannot be sent.
    ///
    /// # Errors
    ///
    /// [`Error::NotInitialized`] when `main` does not begin with
    /// [`init`](crate::init()), [`Error::Encode`] when serde refuses the
    /// argument, [`Error::Io`] when the system refuses another process.
    pub fn spawn<A>(function: fn(A) -> R, argument: A) -> Result<Process<R>>
    where
        A: Serialize + DeserializeOwned,
    {
        Process::<()>::builder().spawn(function, argument)
    }

    /// Waits until the process has ended, and returns the function's result.
    ///
    /// # Errors
    ///
    /// What became of the process when there is no result:
    /// [`Error::Panicked`], [`Error::Exited`] or [`Error::Killed`];
    /// [`Error::Encode`] and [`Error::Decode`] when serde refused the result
    /// or the argument.
    pub fn join(mut self) -> Result<R> {
        self.finish(Deadline::NEVER)?.ok_or(Error::AlreadyJoined)
    }

    /// Waits at most `timeout`; `None` when the process is still running.
    ///
    /// It can be called again, or `join` after it. Once it has returned the
    /// result, the process is reaped.
    ///
    /// # Errors
    ///
    /// As for [`join`](Process::join), and [`Error::AlreadyJoined`] when an
    /// earlier call already returned the result.
    pub fn join_timeout(&mut self, timeout: Duration) -> Result<Option<R>> {
        self.finish(Deadline::after(timeout))
    }

    fn finish(&mut self, deadline: Deadline) -> Result<Option<R>> {
        let running = self.child.as_mut().ok_or(Error::AlreadyJoined)?;
        if !running.wait(self.sentinel.as_fd(), deadline)? {
            return Ok(None);
        }
        let Some(mut running) = self.child.take() else {
            return Err(Error::AlreadyJoined);
        };
        let status = running.child.wait();
        trace::instant("exit", format_args!("{} ended", self.name));
        match running.answer.take() {
            Some(answer) => {
                let (bytes, luggage) = answer?;
                read_answer(self.id, &bytes, luggage).map(Some)
            }
            None => {
                let status = status.map_err(|source| Error::Io {
                    doing: format!("wait for process {}", self.id).into(),
                    source: Arc::new(source),
                })?;
                Err(ended(self.id, status))
            }
        }
    }
}

impl Process<()> {
    /// Configures a process before it starts: its name and environment.
    pub fn builder() -> ProcessBuilder {
        ProcessBuilder::new()
    }
}

impl<R> Process<R> {
    /// The process's id, as the system and `ps` know it.
    #[doc(alias = "pid")]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The process's name: the one that was set, or `Process-N`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the process has not ended yet.
    pub fn is_alive(&self) -> bool {
        let now = Deadline::after(Duration::ZERO);
        self.child.is_some()
            && wait_readable(&[self.sentinel.as_fd()], now)
                .is_ok_and(|ended| ended.is_empty())
    }

    /// The calls of this crate that the process's threads wait in at this
    /// moment, for example `Queue::put`.
    ///
    /// When [`join_timeout`](Process::join_timeout) returns `None` again and
    /// again, this says why: a child that waits in `Queue::put` for somebody to
    /// take its items never ends while its parent waits for its end.
    pub fn waits_in(&self) -> Vec<String> {
        match self.child {
            Some(_) => waiting::calls_of(self.id),
            None => Vec::new(),
        }
    }

    /// Asks the process to end (`SIGTERM`); it may refuse, or clean up first.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system refuses. A process that has ended already
    /// is no error.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the process at once (`SIGKILL`); it cannot refuse.
    ///
    /// # Errors
    ///
    /// As for [`terminate`](Process::terminate).
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// Lets the process run without a handle; its result is discarded.
    ///
    /// It still ends with this process, and it is reaped when it ends.
    ///
    /// # Panics
    ///
    /// When the system refuses the thread that reaps it; the process ends then.
    #[doc(alias = "daemon")]
    pub fn detach(mut self) {
        let sentinel = Arc::clone(&self.sentinel);
        let running = self.child.take();
        drop(self);
        if let Some(running) = running {
            // All of it moves into the thread, so the lifeline stays open.
            let Running {
                mut child,
                socket,
                _lifeline: lifeline,
                ..
            } = running;
            std::thread::spawn(move || {
                let _ = wait_readable(&[sentinel.as_fd()], Deadline::NEVER);
                // The child is reaped last: who sees it gone sees nothing left.
                drop((sentinel, socket, lifeline));
                child.wait()
            });
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        if self.child.is_none() {
            return Ok(());
        }
        match rustix::process::pidfd_send_signal(&*self.sentinel, signal) {
            // It has ended; or it had when it was first looked for, and there is
            // something else in its sentinel's place.
            Ok(()) | Err(Errno::SRCH | Errno::BADF) => Ok(()),
            Err(error) => Err(Error::io("signal a process")(error)),
        }
    }
}

impl Running {
    /// Waits until the process has answered or ended. The end counts also when
    /// somebody else still holds the other side of the socket: a process that
    /// the child has forked, for example.
    fn wait(
        &mut self,
        sentinel: BorrowedFd<'_>,
        deadline: Deadline,
    ) -> Result<bool> {
        let now = Deadline::after(Duration::ZERO);
        while self.answer.is_none() {
            let ends = [self.socket.as_fd(), sentinel];
            let ready = wait_readable(&ends, deadline)?;
            if ready.is_empty() {
                return Ok(false);
            }
            match packet::receive(self.socket.as_fd(), now) {
                Ok(None) => return Ok(true),
                Err(Error::Disconnected) => break,
                // Also one that could not be received: it does not come again.
                answer => self.answer = answer.transpose(),
            }
        }
        Ok(!wait_readable(&[sentinel], deadline)?.is_empty())
    }
}

impl<R> AsFd for Process<R> {
    /// The sentinel: it becomes readable when the process has ended, and stays
    /// so, also after `join_timeout` has returned the result.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sentinel.as_fd()
    }
}

impl<R> Drop for Process<R> {
    fn drop(&mut self) {
        let _ = self.kill();
        if let Some(Running {
            mut child,
            _lifeline: lifeline,
            ..
        }) = self.child.take()
        {
            // Without it the child ends, also when this process has given up the
            // right to send it signals.
            drop(lifeline);
            let _ = child.wait();
        }
    }
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Turns the bytes that a worker sent into its result, or what it said.
fn read_answer<R: DeserializeOwned>(
    pid: u32,
    bytes: &[u8],
    luggage: Vec<OwnedFd>,
) -> Result<R> {
    match handle::decode_start(bytes)? {
        (Answer::Returned, result) => handle::decode_with_handles(result, luggage),
        (answer, _) => Err(answer.into_error(pid)),
    }
}

/// What became of a process that ended without an answer.
pub(crate) fn ended(pid: u32, status: ExitStatus) -> Error {
    match (status.code(), status.signal()) {
        (Some(code), _) => Error::Exited { pid, code },
        (None, signal) => Error::Killed {
            pid,
            signal: signal.unwrap_or(0),
        },
    }
}

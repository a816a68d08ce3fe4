//! Starting a function in a process of its own, and learning what became of it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::event::EventfdFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::{Deadline, wait_readable};
use crate::error::{Error, Result};
use crate::handle;
use crate::worker::{self, Answer, Request, Trampoline};
use crate::{image, lifeline, packet, trace, waiting};

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
    id: u32,
    name: String,
    result: PhantomData<fn() -> R>,
}

/// What the parent holds of a child that it has not reaped.
struct Running {
    child: Child,
    sentinel: OwnedFd,
    socket: OwnedFd,
    answer: Option<packet::Message>,
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
        if !running.wait(deadline)? {
            return Ok(None);
        }
        let Some(mut running) = self.child.take() else {
            return Err(Error::AlreadyJoined);
        };
        let status = running.child.wait();
        trace::instant("exit", format_args!("{} ended", self.name));
        match running.answer.take() {
            Some((bytes, luggage)) => {
                read_answer(self.id, &bytes, luggage).map(Some)
            }
            None => {
                let status = status.map_err(Error::io("wait for a process"))?;
                Err(ended(self.id, status))
            }
        }
    }
}

impl Process<()> {
    /// Configures a process before it starts: its name and environment.
    pub fn builder() -> ProcessBuilder {
        ProcessBuilder {
            name: None,
            clear: false,
            changes: Vec::new(),
            prints: true,
        }
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
        self.child.as_ref().is_some_and(|running| {
            wait_readable(&[running.sentinel.as_fd()], now)
                .is_ok_and(|ended| ended.is_empty())
        })
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
    #[doc(alias = "daemon")]
    pub fn detach(mut self) {
        if let Some(running) = self.child.take() {
            // All of it moves into the thread, so the lifeline stays open.
            let Running {
                mut child,
                sentinel,
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
        let Some(running) = &self.child else {
            return Ok(());
        };
        match rustix::process::pidfd_send_signal(&running.sentinel, signal) {
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
    fn wait(&mut self, deadline: Deadline) -> Result<bool> {
        let now = Deadline::after(Duration::ZERO);
        while self.answer.is_none() {
            let ends = [self.socket.as_fd(), self.sentinel.as_fd()];
            let ready = wait_readable(&ends, deadline)?;
            if ready.is_empty() {
                return Ok(false);
            }
            match packet::receive(self.socket.as_fd(), now) {
                Ok(Some(answer)) => self.answer = Some(answer),
                Ok(None) => return Ok(true),
                Err(Error::Disconnected) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(!wait_readable(&[self.sentinel.as_fd()], deadline)?.is_empty())
    }
}

impl<R> AsFd for Process<R> {
    /// The sentinel: it becomes readable when the process has ended.
    ///
    /// # Panics
    ///
    /// When the result was already taken by `join_timeout`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let running = self.child.as_ref();
        running
            .expect("the process was joined already")
            .sentinel
            .as_fd()
    }
}

impl<R> Drop for Process<R> {
    fn drop(&mut self) {
        let _ = self.kill();
        if let Some(mut running) = self.child.take() {
            let _ = running.child.wait();
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

/// A process that is not started yet: [`Process::builder`].
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Process, Result, current_process};
///
/// fn greeting(_: ()) -> String {
///     let language = std::env::var("LANG").unwrap_or_default();
///     format!("{} in {language}", current_process().name())
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let builder = Process::builder().name("greeter").env("LANG", "fr");
///     assert_eq!(builder.spawn(greeting, ())?.join()?, "greeter in fr");
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ProcessBuilder {
    name: Option<String>,
    clear: bool,
    changes: Vec<(OsString, Option<OsString>)>,
    prints: bool,
}

impl ProcessBuilder {
    /// Names the process, for [`Process::name`] and [`CurrentProcess::name`].
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> ProcessBuilder {
        self.name = Some(name.into());
        self
    }

    /// Sets an environment variable in the process.
    #[must_use]
    pub fn env(
        mut self,
        key: impl AsRef<OsStr>,
        value: impl AsRef<OsStr>,
    ) -> ProcessBuilder {
        let value = Some(value.as_ref().to_owned());
        self.changes.push((key.as_ref().to_owned(), value));
        self
    }

    /// Removes an environment variable from the process.
    #[must_use]
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> ProcessBuilder {
        self.changes.push((key.as_ref().to_owned(), None));
        self
    }

    /// Starts the process with an empty environment, but for what is set later.
    #[must_use]
    pub fn env_clear(mut self) -> ProcessBuilder {
        self.clear = true;
        self.changes.clear();
        self
    }

    /// Whether a panic also prints its message, as it does in a thread.
    pub(crate) fn prints_panics(mut self, prints: bool) -> ProcessBuilder {
        self.prints = prints;
        self
    }

    /// Starts `function` with `argument` in a process of its own.
    ///
    /// # Errors
    ///
    /// As for [`Process::spawn`].
    pub fn spawn<A, R>(self, function: fn(A) -> R, argument: A) -> Result<Process<R>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        static STARTED: AtomicU32 = AtomicU32::new(1);
        if !worker::is_initialized() {
            return Err(Error::NotInitialized);
        }
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = self
            .name
            .clone()
            .unwrap_or_else(|| format!("Process-{number}"));
        let request = Request {
            build: image::build().to_vec(),
            trampoline: image::offset(worker::run::<A, R> as Trampoline as usize)?,
            function: image::offset(function as usize)?,
            name,
            prints_panics: self.prints,
        };
        let _starting = trace::span("spawn", format_args!("start {}", request.name));
        let mut bytes = Vec::new();
        let handles =
            handle::encode_with_handles(&(&request, &argument), &mut bytes)?;
        drop(argument);

        // Everything is in the socket before the child is there to read it, so
        // no step of the start waits for the other side.
        let (socket, theirs) = packet::socket_pair()?;
        let (their_lifeline, lifeline) = lifeline::new()?;
        let now = Deadline::after(Duration::ZERO);
        let their_lifeline = [handle::Handle::new(their_lifeline)];
        let sent =
            packet::send(socket.as_fd(), worker::GREETING, &their_lifeline, now)?
                && packet::send(socket.as_fd(), &bytes, &handles, now)?;
        if !sent {
            let refused = Errno::TOOMANYREFS;
            return Err(Error::io("send a request to a new process")(refused));
        }
        drop(handles);

        let mut child = self
            .command()
            .stdin(theirs)
            .spawn()
            .map_err(Error::io("start a process"))?;
        let id = child.id();
        let tied = lifeline::tie(their_lifeline[0].as_fd(), id)
            .map_err(Error::io("tie a process to this one"));
        let sentinel = match tied.and_then(|()| open_sentinel(id)) {
            Ok(sentinel) => sentinel,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let running = Running {
            child,
            sentinel,
            socket,
            answer: None,
            _lifeline: lifeline,
        };
        let child = Some(running);
        Ok(Process {
            child,
            id,
            name: request.name,
            result: PhantomData,
        })
    }

    /// The command that starts this program again: the very file that runs
    /// here, also when it was replaced or deleted meanwhile.
    fn command(&self) -> Command {
        let mut command = Command::new("/proc/self/exe");
        let mut words = std::env::args_os();
        if let Some(program) = words.next() {
            command.arg0(program);
        }
        command.args(words);
        if self.clear {
            command.env_clear();
        }
        for (key, value) in &self.changes {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        command
    }
}

fn open_sentinel(id: u32) -> Result<OwnedFd> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(Error::corrupt("a process id"))?;
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        // Nobody has waited for it, so this happens only when this process
        // ignores SIGCHLD: then a child that has ended is gone at once. What
        // stands for it can be read from the start, as its sentinel could.
        Err(Errno::SRCH) => rustix::event::eventfd(1, EventfdFlags::CLOEXEC),
        opened => opened,
    }
    .map_err(Error::io("watch a process"))
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

/// The process that calls it: [`current_process`].
#[derive(Clone, Copy, Debug)]
pub struct CurrentProcess;

/// Gives the id and name of the process that calls it.
///
/// # Examples
///
/// ```
/// let process = multiproc::current_process();
/// assert_eq!(process.name(), "main");
/// assert_eq!(process.id(), std::process::id());
/// ```
#[doc(alias = "getpid")]
pub fn current_process() -> CurrentProcess {
    CurrentProcess
}

impl CurrentProcess {
    /// The process's id.
    pub fn id(self) -> u32 {
        std::process::id()
    }

    /// The name given at its start; `main` in the program that a person started.
    pub fn name(self) -> &'static str {
        worker::name()
    }

    /// The id of the process that started this one.
    #[doc(alias = "getppid")]
    pub fn parent_id(self) -> u32 {
        std::os::unix::process::parent_id()
    }
}

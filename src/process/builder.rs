//! How a process is started: what it is called, and its environment.

use std::ffi::{OsStr, OsString};
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::event::EventfdFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::worker::{Request, Trampoline};
use crate::{handle, image, lifeline, packet, trace, worker};

use super::{Process, Running};

/// How long a start waits while too many descriptors are on their way to other
/// processes, of which each takes its own as soon as it runs.
const PATIENCE: Duration = Duration::from_secs(5);

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
    pub(super) fn new() -> ProcessBuilder {
        ProcessBuilder {
            name: None,
            clear: false,
            changes: Vec::new(),
            prints: true,
        }
    }

    /// Names the process, for [`Process::name`] and
    /// [`CurrentProcess::name`](crate::CurrentProcess::name).
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
        let handle::Parcel { handles, wishes } =
            handle::encode_for_process(&(&request, &argument), &mut bytes)?;
        drop(argument);

        // Everything is in the socket before the child is there to read it, so
        // no step of the start waits for the other side. The exception is what
        // has to know the child before the child has it.
        let (socket, theirs) = packet::socket_pair()?;
        let (their_lifeline, lifeline) = lifeline::new()?;
        let soon = Deadline::after(PATIENCE);
        let their_lifeline = [handle::Handle::new(their_lifeline)];
        let send = |bytes: &[u8], handles: &[handle::Handle]| {
            let refused = Error::io("send a request to a new process");
            match packet::send(socket.as_fd(), bytes, handles, soon)? {
                true => Ok(()),
                false => Err(refused(Errno::TOOMANYREFS)),
            }
        };
        send(worker::GREETING, &their_lifeline)?;
        let late = if wishes.is_empty() {
            send(&bytes, &handles)?;
            drop(handles);
            None
        } else {
            Some(handles)
        };

        let start = || self.command().stdin(theirs).spawn();
        let mut child = worker::without_interrupts(start)
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
        let mut process = Process {
            child: None,
            sentinel: Arc::new(sentinel),
            id,
            name: request.name,
            result: PhantomData,
        };
        let sent = late.map_or(Ok(()), |handles| {
            let receiver = Identity::of(id);
            wishes.into_iter().for_each(|wish| wish(receiver));
            send(&bytes, &handles)
        });
        process.child = Some(Running {
            child,
            socket,
            answer: None,
            _lifeline: lifeline,
        });
        match sent {
            // Without a reader, it has ended: whoever joins it learns how.
            Ok(()) | Err(Error::Disconnected) => Ok(process),
            Err(error) => Err(error),
        }
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

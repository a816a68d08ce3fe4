//! The grader's handle on an answer under supervision.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open, set_child_subreaper};

use super::limits::{ControlGroup, namespaces_have_a_bound};
use super::{Assignment, Containment, Report, SUPERVISE, start, sweep};
use crate::look::{Look, descendants, inner_id, parent_of};

/// Set once the kernel has refused a namespace: it will not change its mind.
static NO_NAMESPACE: AtomicBool = AtomicBool::new(false);

/// How long a helper may take to sweep before it is taken for dead.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer under supervision. Dropping it ends everything it started.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Child,
    ended: OwnedFd,
    control: UnixStream,
    buffer: Vec<u8>,
    /// The parent of the main process, as the grader sees it.
    pub warden: u32,
    /// The main process, as the grader sees it.
    pub main: u32,
    /// How it is kept together.
    pub containment: Containment,
    /// What bounds the number of processes.
    pub bound: String,
    /// What stands in the environment of every process of this run.
    mark: String,
    /// What bounds its processes, apart from a namespace.
    group: Option<ControlGroup>,
    finished: bool,
}

impl Supervised {
    /// Starts the answer. A namespace is tried unless the assignment or an earlier
    /// refusal says otherwise.
    ///
    /// # Errors
    ///
    /// When the helper or the answer cannot be started; of the kind `ConnectionAborted`
    /// when the answer was faster, and has killed the helper before it said so.
    pub fn start(
        assignment: &Assignment,
        confinement: &[String],
    ) -> io::Result<Self> {
        let mut assignment = assignment.clone();
        // What confines further has a namespace of its own around it all.
        if NO_NAMESPACE.load(Ordering::Relaxed) || !confinement.is_empty() {
            assignment.containment = Containment::Subreaper;
        }
        let mut supervised = Supervised::launch(&assignment, confinement)?;
        let report = match supervised.first_report() {
            Err(error)
                if error.kind() == io::ErrorKind::UnexpectedEof
                    && supervised.was_killed() =>
            {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            report => report?,
        };
        match report {
            Report::Started { id, bound } => {
                supervised.bound = bound;
                supervised.find_main(id);
                Ok(supervised)
            }
            Report::Unavailable { .. }
                if assignment.containment == Containment::Namespace =>
            {
                NO_NAMESPACE.store(true, Ordering::Relaxed);
                // Its end would end the answer too, which carries the same mark.
                drop(supervised);
                Supervised::start(&assignment, confinement)
            }
            Report::Failed { reason } | Report::Unavailable { reason } => Err(
                io::Error::other(format!("the answer does not start: {reason}")),
            ),
            Report::Ended(_) => Err(io::Error::other("ended before it started")),
        }
    }

    fn launch(assignment: &Assignment, confinement: &[String]) -> io::Result<Self> {
        // Should the helper be killed, its orphans climb to this process.
        set_child_subreaper(Pid::from_raw(1))?;
        let (mut control, far_end) = UnixStream::pair()?;
        let group = match assignment.containment {
            Containment::Namespace if namespaces_have_a_bound() => None,
            _ => ControlGroup::new(assignment.limits.processes),
        };
        let mut command = command(group.as_ref(), confinement, assignment)?;
        command
            .arg(SUPERVISE)
            .stdin(OwnedFd::from(far_end))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let supervisor = start(&mut command)?;
        let mut line = serde_json::to_vec(assignment)?;
        line.push(b'\n');
        control.write_all(&line)?;
        Ok(Supervised {
            ended: pidfd_open(Pid::from_child(&supervisor), PidfdFlags::empty())?,
            warden: supervisor.id(),
            main: 0,
            supervisor,
            control,
            buffer: Vec::new(),
            containment: assignment.containment,
            bound: String::new(),
            mark: assignment.mark(),
            group,
            finished: false,
        })
    }

    /// What the answer prints, and what it prints on standard error.
    ///
    /// # Errors
    ///
    /// When they have been taken already.
    pub fn take_output(&mut self) -> io::Result<(ChildStdout, ChildStderr)> {
        let taken = || io::Error::other("the output has been taken already");
        let output = self.supervisor.stdout.take().ok_or_else(taken)?;
        let errors = self.supervisor.stderr.take().ok_or_else(taken)?;
        Ok((output, errors))
    }

    /// Blocks until the helper reports, or is gone.
    fn first_report(&mut self) -> io::Result<Report> {
        loop {
            if let Some(report) = self.report()? {
                return Ok(report);
            }
            let mut descriptors = [PollFd::new(&self.control, PollFlags::IN)];
            poll(&mut descriptors, None)?;
        }
    }

    /// Whether somebody has killed the helper, which has hung up.
    fn was_killed(&mut self) -> bool {
        // It hangs up when it ends, or a moment before.
        let ended = self.supervisor.wait();
        ended.is_ok_and(|status| status.signal().is_some())
    }

    /// Finds the main process and its parent by the ids that the helper knows.
    fn find_main(&mut self, inner: u32) {
        let helpers = descendants(self.supervisor.id());
        let known_as = |id: u32| {
            let matches = |candidate: &&u32| inner_id(**candidate) == Some(id);
            helpers.iter().find(matches).copied()
        };
        if self.containment == Containment::Namespace {
            self.warden = known_as(1).unwrap_or(self.warden);
        }
        // A main process that has ended already will never do anything either.
        self.main = known_as(inner).unwrap_or(0);
        if let Some(parent) = parent_of(self.main) {
            self.warden = parent;
        }
    }

    /// The next report, if one has arrived.
    ///
    /// # Errors
    ///
    /// When the helper is gone: nothing that it has not said can be known.
    pub fn report(&mut self) -> io::Result<Option<Report>> {
        self.control.set_nonblocking(true)?;
        let mut chunk = [0; 4096];
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            match self.control.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.buffer.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// All processes of the answer, as they are now.
    #[must_use]
    pub fn look(&self) -> Look {
        Look::quick(self.warden)
    }

    /// Ends whatever is left, and the helper.
    ///
    /// # Errors
    ///
    /// When the helper had to be given up; the tree is ended all the same.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        let _ = self.control.shutdown(Shutdown::Write);
        let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
        let mut descriptors = [PollFd::new(&self.ended, PollFlags::IN)];
        let in_time = poll(&mut descriptors, Some(&patience))? == 1;
        let _ = self.supervisor.kill();
        self.supervisor.wait()?;
        sweep::strays(self.supervisor.id(), &self.mark);
        self.group = None;
        if in_time {
            Ok(())
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
}

/// The command that becomes the helper: joined to a group, and confined, if there
/// is anything to confine it.
fn command(
    group: Option<&ControlGroup>,
    confinement: &[String],
    assignment: &Assignment,
) -> io::Result<Command> {
    let mut words: Vec<OsString> = confinement.iter().map(OsString::from).collect();
    let mut program = OsString::from("/proc/self/exe");
    if !confinement.is_empty() || group.is_some() {
        // Whoever stands in front would mean itself by /proc/self/exe.
        program = env::current_exe()?.into();
    }
    if !confinement.is_empty() {
        let scratch = assignment.program.parent().unwrap_or(Path::new("/nowhere"));
        words.extend(["--bind".into(), scratch.into(), scratch.into()]);
        words.extend(["--ro-bind".into(), program.clone(), program.clone()]);
    }
    words.push(program);
    let mut command = match group {
        Some(group) => group.joining_shell(),
        None => Command::new(words.remove(0)),
    };
    command.args(words);
    Ok(command)
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // The tree is ended in any case, and a drop can tell nobody.
        let _ = self.finish();
    }
}

impl AsFd for Supervised {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }
}

//! Runs another process one instruction at a time (ptrace).

#![expect(unsafe_code, reason = "calls ptrace and waitpid")]

use std::ffi::c_void;
use std::io;
use std::ptr;

/// How often to ask whether the step is over before looking whether the process
/// is asleep.
const ASKS: u32 = 2_000;

/// Stops this process where its stepper begins, and again where it ends.
pub(crate) fn mark() {
    // SAFETY: sends a signal to this thread; it goes on when it is continued.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// A process that this thread can run one instruction at a time.
pub(crate) struct Stepper {
    pid: libc::pid_t,
}

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// One more instruction is done.
    Done,
    /// The process sleeps in a system call, which is this instruction.
    Asleep,
    /// The process has come to a [`mark`].
    Marked,
}

impl Stepper {
    /// Becomes the tracer of the process, which goes on running.
    pub(crate) fn attach(pid: u32) -> io::Result<Stepper> {
        let pid = pid.try_into().map_err(io::Error::other)?;
        let stepper = Stepper { pid };
        stepper.ptrace(libc::PTRACE_SEIZE, libc::PTRACE_O_EXITKILL as usize)?;
        Ok(stepper)
    }

    /// Waits until the process comes to its first mark.
    pub(crate) fn wait_for_mark(&self) -> io::Result<()> {
        match self.wait(0)? {
            Some(Step::Marked) => Ok(()),
            other => Err(io::Error::other(format!("no mark, but {other:?}"))),
        }
    }

    /// Where the process will go on: the address of its next instruction.
    pub(crate) fn place(&self) -> io::Result<u64> {
        let line = std::fs::read_to_string(format!("/proc/{}/syscall", self.pid))?;
        let place = line.trim_end().rsplit_once("0x").map(|(_, place)| place);
        let place = place.and_then(|place| u64::from_str_radix(place, 16).ok());
        place.ok_or_else(|| io::Error::other(format!("no place in {line:?}")))
    }

    /// Begins a step.
    pub(crate) fn begin(&self) -> io::Result<()> {
        self.ptrace(libc::PTRACE_SINGLESTEP, 0)
    }

    /// Waits for the end of the step that was begun; a process that sleeps is
    /// told once, then waited for.
    pub(crate) fn end(&self, tell_sleep: bool) -> io::Result<Step> {
        for _ in 0..ASKS {
            if let Some(step) = self.wait(libc::WNOHANG)? {
                return Ok(step);
            }
        }
        loop {
            let flags = if tell_sleep { libc::WNOHANG } else { 0 };
            if let Some(step) = self.wait(flags)? {
                return Ok(step);
            }
            if self.is_asleep() {
                return Ok(Step::Asleep);
            }
            std::thread::yield_now();
        }
    }

    fn wait(&self, flags: libc::c_int) -> io::Result<Option<Step>> {
        let mut status = 0;
        // SAFETY: writes the status to a local variable.
        let waited = unsafe {
            libc::waitpid(self.pid, &raw mut status, flags | libc::__WALL)
        };
        match waited {
            -1 => Err(io::Error::last_os_error()),
            0 => Ok(None),
            _ if !libc::WIFSTOPPED(status) => {
                Err(io::Error::other(format!("it ended: {status:#x}")))
            }
            _ => match libc::WSTOPSIG(status) {
                libc::SIGTRAP => Ok(Some(Step::Done)),
                libc::SIGSTOP => Ok(Some(Step::Marked)),
                signal => Err(io::Error::other(format!("signal {signal}"))),
            },
        }
    }

    fn is_asleep(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let stat = stat.unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, fields)| fields.starts_with('S'))
    }

    fn ptrace(&self, request: libc::c_uint, data: usize) -> io::Result<()> {
        let data = ptr::without_provenance_mut::<c_void>(data);
        // SAFETY: these requests read no memory of this process; the data is a
        // number.
        let done = unsafe {
            libc::ptrace(request, self.pid, ptr::null_mut::<c_void>(), data)
        };
        if done == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

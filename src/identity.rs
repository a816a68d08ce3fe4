//! Which process is meant, also after its id was given to another one.

use std::fs;
use std::io;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The bits of an [`Identity`] that hold the process id: Linux gives out ids
/// below 2²².
pub(crate) const PID_BITS: u32 = 22;

/// Those bits, all set.
pub(crate) const PIDS: u32 = (1 << PID_BITS) - 1;

/// A process id and the time when the process started, in one word.
///
/// The system uses an id again once its process is gone; the pair stays unique
/// until the machine restarts. It is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

impl Identity {
    /// This process. If it cannot read `/proc`, its start time counts as zero.
    pub(crate) fn own() -> Identity {
        static OWN: OnceLock<Identity> = OnceLock::new();
        *OWN.get_or_init(|| Identity::of(own_pid()))
    }

    /// A process that is not reaped; the same for every process that asks.
    pub(crate) fn of(pid: u32) -> Identity {
        let started = Status::of(pid).map_or(0, |status| status.started);
        Identity(started << PID_BITS | u64::from(pid))
    }

    /// Reads what `word` wrote; `None` for zero.
    pub(crate) fn from_word(word: u64) -> Option<Identity> {
        (word != 0).then_some(Identity(word))
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    pub(crate) fn pid(self) -> u32 {
        self.0 as u32 & PIDS
    }

    /// Whether the process has ended, reaped by its parent or not.
    ///
    /// Where there is no `/proc` to ask, nobody counts as dead.
    pub(crate) fn is_dead(self) -> bool {
        if self == Identity::own() {
            return false;
        }
        let started = self.0 >> PID_BITS;
        match Status::of(self.pid()) {
            Ok(status) => status.ended || ![0, status.started].contains(&started),
            // A system that refuses, as it has no descriptor left, says nothing.
            Err(error) if !says_gone(&error) => false,
            Err(_) => Status::of(own_pid()).is_ok(),
        }
    }
}

/// Whether the process was not there, or ended while it was looked at.
fn says_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(libc::ESRCH)
}

/// What `/proc` says of a process.
struct Status {
    ended: bool,
    started: u64,
}

impl Status {
    /// Reads fields 3 and 22 of `/proc/PID/stat`. Field 2, the program's name,
    /// may hold anything, so they are counted from its closing parenthesis.
    fn of(pid: u32) -> io::Result<Status> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Status::read(&line).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn read(line: &str) -> Option<Status> {
        let (_, fields) = line.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let state = fields.next()?;
        Some(Status {
            ended: matches!(state, "Z" | "X" | "x"),
            started: fields.nth(18)?.parse().ok()?,
        })
    }
}

/// This process's id, without asking the system each time.
pub(crate) fn own_pid() -> u32 {
    static OWN: AtomicU32 = AtomicU32::new(0);
    match OWN.load(Ordering::Relaxed) {
        0 => {
            let pid = process::id();
            OWN.store(pid, Ordering::Relaxed);
            pid
        }
        pid => pid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_a_reaped_one_does_not() {
        assert!(!Identity::own().is_dead());
        assert_eq!(Identity::own().pid(), process::id());

        let mut child = process::Command::new("sleep")
            .arg("100")
            .spawn()
            .expect("starts");
        let started = Status::of(child.id()).expect("it lives").started;
        let identity = Identity(started << PID_BITS | u64::from(child.id()));
        assert!(!identity.is_dead());
        child.kill().expect("can be killed");
        child.wait().expect("can be reaped");
        assert!(identity.is_dead());
    }

    #[test]
    fn another_process_with_the_same_id_is_another_identity() {
        let started = Identity::own().word() >> PID_BITS;
        let earlier = Identity((started - 1) << PID_BITS | u64::from(process::id()));
        assert!(earlier.is_dead());
    }
}

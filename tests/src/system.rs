//! What the system says about processes, and what a test does to them.

#![expect(unsafe_code, reason = "sets what signals do")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use multiproc::wait;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use crate::PATIENCE;

/// A process that may be a stranger: one started by another process.
#[derive(Debug)]
pub struct Watched {
    id: u32,
    sentinel: OwnedFd,
}

impl Watched {
    /// Begins to watch a process that still runs.
    ///
    /// # Panics
    ///
    /// When there is no such process.
    pub fn new(id: u32) -> Watched {
        let sentinel = rustix::process::pidfd_open(pid(id), PidfdFlags::empty())
            .unwrap_or_else(|error| panic!("process {id}: {error}"));
        Watched { id, sentinel }
    }

    /// Begins to watch a child of this process; `None` if it is none.
    pub fn child(id: u32) -> Option<Watched> {
        let sentinel =
            rustix::process::pidfd_open(pid(id), PidfdFlags::empty()).ok()?;
        // The id belongs to the watched process as long as that is not reaped;
        // and if it is, no signal reaches anybody.
        let (_, _, parent) = status(id).ok()?;
        (parent == std::process::id()).then_some(Watched { id, sentinel })
    }

    /// Begins to watch a process below `ancestor`; `None` if it is not.
    pub fn below(id: u32, ancestor: u32) -> Option<Watched> {
        let sentinel =
            rustix::process::pidfd_open(pid(id), PidfdFlags::empty()).ok()?;
        let mut above = id;
        while above > 1 {
            let (_, _, parent) = status(above).ok()?;
            if parent == ancestor {
                return Some(Watched { id, sentinel });
            }
            above = parent;
        }
        None
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sends it a signal, whoever its parent is; no error if it is gone.
    pub fn signal(&self, signal: Signal) {
        let _ = rustix::process::pidfd_send_signal(&self.sentinel, signal);
    }

    /// Kills it, whoever its parent is.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    ///
    /// When it still runs after [`PATIENCE`].
    pub fn expect_end(&self) {
        let ended = wait(&[&self.sentinel], Some(PATIENCE));
        let ended = ended.is_ok_and(|ready| !ready.is_empty());
        assert!(ended, "still there:\n{}", tree(self.id));
    }

    /// Waits until it has ended and is reaped: by this process, if it came to it
    /// as the child of one that died, or by whoever else is there to do so.
    ///
    /// # Panics
    ///
    /// When it still runs after [`PATIENCE`].
    pub fn expect_end_of_orphan(self) {
        self.expect_end();
        // Its parent may be about to end as well: then it comes to this process
        // in a moment, for which there is no event.
        let begin = Instant::now();
        while status(self.id).is_ok() {
            assert!(begin.elapsed() < PATIENCE, "not reaped:\n{}", tree(self.id));
            let options = WaitOptions::NOHANG;
            let _ = rustix::process::waitpid(Some(pid(self.id)), options);
            std::thread::yield_now();
        }
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.sentinel.as_fd()
    }
}

/// Begins to watch several processes.
pub fn watch(ids: &[u32]) -> Vec<Watched> {
    ids.iter().map(|&id| Watched::new(id)).collect()
}

/// Sends a signal; no error if the process is gone.
pub fn signal(id: u32, signal: Signal) {
    let _ = rustix::process::kill_process(pid(id), signal);
}

/// Stops a process, and returns once it has stopped.
///
/// # Panics
///
/// When it has not after [`PATIENCE`].
pub fn stop(id: u32) {
    signal(id, Signal::STOP);
    expect_stop(id);
}

/// Waits until a process has stopped.
///
/// # Panics
///
/// When it has not after [`PATIENCE`].
pub fn expect_stop(id: u32) {
    // A parent could wait for this; for a stranger there is no event.
    let begin = Instant::now();
    while !matches!(status(id), Ok((_, 'T', _))) {
        assert!(begin.elapsed() < PATIENCE, "did not stop:\n{}", tree(id));
        std::thread::yield_now();
    }
}

fn pid(id: u32) -> Pid {
    let raw = i32::try_from(id).expect("a process id is small");
    Pid::from_raw(raw).expect("a process id is not zero")
}

/// Waits until a thread of this process sleeps in the kernel; returns the number of
/// the call that it sleeps in.
///
/// # Panics
///
/// When it does not within [`PATIENCE`].
pub fn expect_sleep(thread: Pid) -> i64 {
    let path = format!("/proc/self/task/{}/syscall", thread.as_raw_nonzero());
    // It says so to nobody, so there is no event.
    let begin = Instant::now();
    loop {
        let call = fs::read_to_string(&path).unwrap_or_default();
        let number = call.split_whitespace().next().map(str::parse);
        if let Some(Ok(number)) = number {
            return number;
        }
        assert!(begin.elapsed() < PATIENCE, "does not sleep: {call}");
        std::thread::yield_now();
    }
}

/// The open descriptors of this process and what they are.
pub fn descriptors() -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return found;
    };
    for entry in entries.flatten() {
        let number = entry.file_name().to_string_lossy().parse();
        let target = fs::read_link(entry.path());
        // The folder itself, which is open for this loop, is gone afterwards.
        if let (Ok(number), Ok(target)) = (number, target)
            && !target.ends_with("fd")
        {
            found.insert(number, target.to_string_lossy().into_owned());
        }
    }
    found
}

/// How many threads this process has.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// The children of a process that are there now, zombies too.
pub fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let threads = fs::read_dir(format!("/proc/{parent}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        let children = fs::read_to_string(thread.path().join("children"));
        let children = children.unwrap_or_default();
        found.extend(children.split(' ').flat_map(str::parse::<u32>));
    }
    found
}

/// The name of a process; empty if it is gone.
pub fn name(id: u32) -> String {
    status(id).map(|(name, ..)| name).unwrap_or_default()
}

/// Whether a process that this crate's library started runs its program and has
/// taken its name; before that it is a copy of its parent, or begins.
///
/// In this order: a new program gets its memory, then the name `exe`, then the
/// place of its stack; the name that is asked for last is not the copy's.
pub fn has_begun(id: u32) -> bool {
    let stack = |id: u32| {
        let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, fields) = line.rsplit_once(") ")?;
        // Field 28, where the stack starts: at random for each program.
        let start = fields.split(' ').nth(25)?.parse::<u64>().ok()?;
        (start != 0).then_some(start)
    };
    let Ok((_, _, parent)) = status(id) else {
        return false;
    };
    match (stack(id), stack(parent)) {
        (Some(own), Some(copied)) if own != copied => name(id) != "exe",
        _ => false,
    }
}

/// The name, state and parent of a process.
fn status(id: u32) -> io::Result<(String, char, u32)> {
    let line = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let broken = || io::Error::other("not a line of /proc/PID/stat");
    let (start, rest) = line.rsplit_once(") ").ok_or_else(broken)?;
    let (_, name) = start.split_once('(').ok_or_else(broken)?;
    let mut fields = rest.split(' ');
    let state = fields.next().and_then(|state| state.chars().next());
    let parent = fields.next().and_then(|parent| parent.parse().ok());
    match (state, parent) {
        (Some(state), Some(parent)) => Ok((name.to_string(), state, parent)),
        _ => Err(broken()),
    }
}

/// A process and all below it, with what each thread waits in: for messages.
pub fn tree(root: u32) -> String {
    let mut text = String::new();
    let mut left = vec![(root, 0)];
    while let Some((id, depth)) = left.pop() {
        let indent = "  ".repeat(depth);
        if let Ok((name, state, _)) = status(id) {
            let _ = writeln!(text, "{indent}{id} {name} {state}");
        }
        let threads = fs::read_dir(format!("/proc/{id}/task"));
        for thread in threads.into_iter().flatten().flatten() {
            let read = |name: &str| {
                let text = fs::read_to_string(thread.path().join(name));
                text.unwrap_or_default().trim_end().to_string()
            };
            let (name, place, call) = (read("comm"), read("wchan"), read("syscall"));
            let _ = writeln!(text, "{indent}  - {name}: {place}, {call}");
        }
        left.extend(children(id).into_iter().map(|child| (child, depth + 1)));
    }
    text
}

/// Makes the signals that end a program do so. A shell that starts it in the
/// background makes it ignore `SIGINT`, and whatever that starts inherits this.
pub fn stop_ignoring() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: (1) a handler could run at any instruction; (2) the default is
        // to end; (3) other processes have their own.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

//! Bounds on what an answer may use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getuid, setrlimit};
use serde::{Deserialize, Serialize};

/// What an answer may use.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Limits {
    /// Address space of each process, in bytes.
    pub memory: u64,
    /// Processor time of each process, in seconds.
    pub processor_seconds: u64,
    /// The largest file it may write, in bytes.
    pub file: u64,
    /// Open descriptors of each process.
    pub descriptors: u64,
    /// How many processes and threads there may be.
    pub processes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory: 4 << 30,
            processor_seconds: 60,
            file: 256 << 20,
            descriptors: 1024,
            processes: 256,
        }
    }
}

impl Limits {
    /// How many processes are taken for a storm: a quarter of the bound.
    #[must_use]
    pub fn many(&self) -> usize {
        usize::try_from(self.processes / 4).unwrap_or(usize::MAX)
    }

    /// Puts the limits on this process and on all that it starts from now on.
    ///
    /// # Errors
    ///
    /// When the kernel refuses one of them.
    pub(crate) fn impose(&self) -> io::Result<()> {
        let limits = [
            (Resource::As, self.memory),
            (Resource::Cpu, self.processor_seconds),
            (Resource::Fsize, self.file),
            (Resource::Nofile, self.descriptors),
            (Resource::Core, 0),
        ];
        for (resource, limit) in limits {
            let limit = Rlimit {
                current: Some(limit),
                maximum: Some(limit),
            };
            setrlimit(resource, limit)?;
        }
        Ok(())
    }

    /// Bounds the number of processes, in the best way there is, and says which.
    ///
    /// `RLIMIT_NPROC` counts all processes of the user and does not bind root.
    pub(crate) fn bound_processes(&self, in_namespace: bool) -> String {
        if in_namespace && namespaces_have_a_bound() {
            let bound =
                fs::write("/proc/sys/kernel/pid_max", LEAST_BOUND.to_string());
            if bound.is_ok() {
                return format!("at most {LEAST_BOUND} processes in the namespace");
            }
        }
        if getuid().is_root() && !is_called_root() {
            return "no bound but a control group's, where there is one".to_owned();
        }
        let all = self.processes + processes_of_this_user();
        let limit = Rlimit {
            current: Some(all),
            maximum: Some(all),
        };
        match setrlimit(Resource::Nproc, limit) {
            Ok(()) => format!("at most {all} processes of this user"),
            Err(_) => "no bound on processes".to_owned(),
        }
    }
}

/// The least bound that a namespace can have: the largest id bounds the number of
/// processes. Once numbers wrap round, the first 300 are not given out any more.
const LEAST_BOUND: u64 = 301;

/// Whether a process namespace can have so low a bound of its own: since Linux 6.14,
/// and with at least 8 processes for each core. Before, the setting is that of the
/// whole machine, which could start nothing any more.
pub(crate) fn namespaces_have_a_bound() -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cores = read("/sys/devices/system/cpu/possible");
    let cores = cores.trim().rsplit(['-', ',']).next();
    let cores = cores.and_then(|last| last.parse::<u64>().ok());
    is_recent(&read("/proc/sys/kernel/osrelease"))
        && cores.is_some_and(|last| (last + 1) * 8 <= LEAST_BOUND)
}

/// Whether a release of Linux is 6.14 or later.
fn is_recent(release: &str) -> bool {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    let mut next = || numbers.next().and_then(|word| word.parse::<u32>().ok());
    (next(), next()) >= (Some(6), Some(14))
}

/// Whether an ordinary user is root in a namespace of his own: limits bind him.
fn is_called_root() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace()
        .nth(1)
        .is_some_and(|user| user != "0")
}

/// A control group that bounds the number of processes in it.
#[derive(Debug)]
pub(crate) struct ControlGroup {
    path: PathBuf,
}

impl ControlGroup {
    /// A group for at most `processes` processes; `None` where the system has none
    /// to give, which is so for everybody but root.
    pub(crate) fn new(processes: u64) -> Option<ControlGroup> {
        let base =
            ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
                .into_iter()
                .find(|base| {
                    fs::exists(format!("{base}/cgroup.procs")).unwrap_or(false)
                })?;
        remove_stale(Path::new(base));
        let name = format!("grade-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let path = Path::new(base).join(name);
        fs::create_dir(&path).ok()?;
        let group = ControlGroup { path };
        let bound = fs::write(group.path.join("pids.max"), processes.to_string());
        bound.is_ok().then_some(group)
    }

    /// A shell that joins the group and becomes the program it is given.
    pub(crate) fn joining_shell(&self) -> Command {
        let mut shell = Command::new("/bin/sh");
        let join = "echo 0 > \"$0/cgroup.procs\" && exec \"$@\"";
        shell.args(["-c", join]).arg(&self.path);
        shell
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // A killed process leaves its group a moment after its parent is told.
        // There is nothing to block on; what stays is removed by a later grader.
        let until = Instant::now() + Duration::from_secs(2);
        while fs::remove_dir(&self.path).is_err() && Instant::now() < until {
            thread::yield_now();
        }
    }
}

/// Removes the groups of graders that are gone.
fn remove_stale(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let grader = name
            .strip_prefix("grade-")
            .and_then(|rest| rest.split('-').next());
        if grader.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn processes_of_this_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let user = getuid().as_raw();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .filter(|entry| entry.metadata().is_ok_and(|data| data.uid() == user))
        .map(|entry| {
            fs::read_dir(entry.path().join("task")).map_or(1, Iterator::count)
        });
    own.sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn only_a_recent_system_bounds_a_namespace() {
        for release in ["6.14.0", "6.18.44-fc-v669", "7.0-rc1", "10.2.3"] {
            assert!(is_recent(release), "{release}");
        }
        for release in ["5.15.0-91-generic", "6.1.0-13-amd64", "6.12.3", "6", ""] {
            assert!(!is_recent(release), "{release}");
        }
    }
}

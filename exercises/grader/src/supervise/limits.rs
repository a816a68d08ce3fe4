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
    /// A namespace has a bound of its own since Linux 6.14. `RLIMIT_NPROC` counts
    /// all processes of the user and does not bind root.
    pub(crate) fn bound_processes(&self, in_namespace: bool) -> String {
        // The largest id bounds their number. Once numbers wrap round, the first 300
        // are not given out any more, and the kernel takes no bound below that.
        let largest = self.processes.max(301);
        let setting = "/proc/sys/kernel/pid_max";
        if in_namespace && fs::write(setting, largest.to_string()).is_ok() {
            return format!("at most {} processes in the namespace", self.processes);
        }
        if getuid().is_root() {
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

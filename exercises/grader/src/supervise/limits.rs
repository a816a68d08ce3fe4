//! Bounds on what an answer may use.

use std::fs;
use std::io;

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
            processes: 512,
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
        if getuid().is_root() && !in_namespace {
            return self
                .control_group()
                .unwrap_or_else(|_| "no bound on processes".to_owned());
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

    /// Moves this process into a control group that counts processes.
    fn control_group(&self) -> io::Result<String> {
        let base = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
            .into_iter()
            .find(|base| fs::exists(format!("{base}/cgroup.procs")).unwrap_or(false))
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let group = format!("{base}/grade-{}", std::process::id());
        fs::create_dir(&group)?;
        let bound =
            fs::write(format!("{group}/pids.max"), self.processes.to_string())
                .and_then(|()| fs::write(format!("{group}/cgroup.procs"), "0"));
        if let Err(error) = bound {
            // An empty group is of no use to anybody.
            let _ = fs::remove_dir(&group);
            return Err(error);
        }
        Ok(format!(
            "at most {} processes in the control group",
            self.processes
        ))
    }
}

/// Removes the control group of a supervisor that has ended.
pub(crate) fn remove_control_group(supervisor: u32) {
    for base in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
        // Where there was none, there is nothing to do.
        let _ = fs::remove_dir(format!("{base}/grade-{supervisor}"));
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

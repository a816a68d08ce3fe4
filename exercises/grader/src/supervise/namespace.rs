//! A process namespace of the answer's own.
#![expect(unsafe_code, reason = "rustix marks unshare as unsafe")]

use std::fs;
use std::io::{self, Read};
use std::process::{self, Command};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{getgid, getuid, setsid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::{Assignment, Containment, Report, WARDEN, warden};

/// The supervisor's `main`: reads its assignment and sees it through.
pub(super) fn supervise() -> ! {
    // Of its own session, so that Ctrl-C reaches the grader alone.
    let _ = setsid();
    let line = first_line();
    let Ok(assignment) = serde_json::from_str::<Assignment>(&line) else {
        process::exit(1); // a grader that has gone, or somebody's curiosity
    };
    match assignment.containment {
        Containment::Subreaper => warden::guard(&assignment, false),
        Containment::Namespace => {
            if let Err(error) = start_namespace(&line) {
                let reason = error.to_string();
                warden::tell(&Report::Unavailable { reason });
            }
            process::exit(0)
        }
    }
}

/// Starts the warden as process 1 of a new namespace and waits for its end.
fn start_namespace(line: &str) -> io::Result<()> {
    let user = (getuid(), getgid());
    let mut flags = UnshareFlags::NEWPID;
    if !user.0.is_root() {
        flags |= UnshareFlags::NEWUSER;
    }
    // SAFETY: only a table of descriptors that threads share could go wrong; the
    // flags leave it alone, and this process has one thread. Other processes see
    // nothing of it.
    unsafe { unshare_unsafe(flags) }?;
    if flags.contains(UnshareFlags::NEWUSER) {
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {} 1", user.0))?;
        fs::write("/proc/self/gid_map", format!("0 {} 1", user.1))?;
    }
    let mut warden = Command::new("/proc/self/exe")
        .args([WARDEN, line])
        .spawn()?;
    // Unblocked by the warden's end, which ends all that is in the namespace.
    warden.wait()?;
    Ok(())
}

/// Gives process 1 a view of its own: of processes, and of shared memory.
pub(super) fn enter_own_view() -> io::Result<()> {
    // SAFETY: as above: the table of descriptors is not touched.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", "/dev/shm", "tmpfs", flags, Some(c"size=512m"))?;
    Ok(())
}

/// One line from standard input; the grader writes nothing after it.
fn first_line() -> String {
    let mut line = Vec::new();
    let bytes = io::stdin().lock().bytes();
    line.extend(
        bytes
            .map_while(Result::ok)
            .take_while(|byte| *byte != b'\n'),
    );
    String::from_utf8_lossy(&line).into_owned()
}

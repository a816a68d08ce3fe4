//! What a sleeping thread waits for, by the system call it is in.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use rustix::net::sockopt::{Timeout, socket_timeout};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wait {
    /// For data on a descriptor, or for a peer to connect.
    Read(i32),
    /// For room in a descriptor.
    Write(i32),
    /// For one of several descriptors.
    Any(Vec<i32>),
    /// For a child's end; the child's id where one is named.
    Child(Option<u32>),
    /// For a word in memory to change: a lock, a condition, a thread's end.
    Memory(u64),
    /// For a signal.
    Signal,
    /// For time to pass.
    Sleep,
    /// In a system call that is none of these.
    Other(i64),
}

/// A wait, and whether it ends by itself after some time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Waiting {
    /// What for.
    pub(super) wait: Wait,
    /// Whether the thread wakes by itself, and so cannot be called at rest.
    pub(super) timed: bool,
}

/// What a thread waits for; `None` where the kernel does not tell.
#[must_use]
pub(super) fn waiting(process: u32, thread: u32) -> Option<Waiting> {
    let path = format!("/proc/{process}/task/{thread}/syscall");
    let line = fs::read_to_string(path).ok()?;
    let mut fields = line.split_whitespace();
    let call: i64 = fields.next()?.parse().ok()?;
    let arguments: Vec<u64> = fields.map_while(hexadecimal).collect();
    let arguments: [u64; 6] = arguments.get(..6)?.try_into().ok()?;
    decode(process, call, arguments)
}

fn decode(process: u32, call: i64, arguments: [u64; 6]) -> Option<Waiting> {
    let [first, second, third, fourth, fifth, _] = arguments;
    let descriptor = int(first);
    let forever = |wait| Waiting { wait, timed: false };
    let until = |wait, timed| Waiting { wait, timed };
    Some(match call {
        libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_accept
        | libc::SYS_accept4 => {
            let timed = has_timeout(process, descriptor, Timeout::Recv);
            until(Wait::Read(descriptor), timed)
        }
        libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_sendto
        | libc::SYS_sendmsg
        | libc::SYS_connect => {
            let timed = has_timeout(process, descriptor, Timeout::Send);
            until(Wait::Write(descriptor), timed)
        }
        libc::SYS_wait4 => forever(Wait::Child(positive(int(first)))),
        libc::SYS_waitid => {
            let named = int(first) == libc::P_PID.cast_signed();
            let child = positive(int(second)).filter(|_| named);
            forever(Wait::Child(child))
        }
        libc::SYS_futex => until(Wait::Memory(first), fourth != 0),
        libc::SYS_ppoll => {
            let wait = Wait::Any(polled(process, first, second));
            until(wait, third != 0)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => {
            let wait = Wait::Any(polled(process, first, second));
            until(wait, int(third) >= 0)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => until(Wait::Any(vec![descriptor]), int(fourth) >= 0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause => forever(Wait::Signal),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => until(Wait::Any(Vec::new()), fifth != 0),
        libc::SYS_pselect6 => until(Wait::Any(Vec::new()), fifth != 0),
        libc::SYS_epoll_pwait => {
            until(Wait::Any(vec![descriptor]), int(fourth) >= 0)
        }
        libc::SYS_epoll_pwait2 => until(Wait::Any(vec![descriptor]), fourth != 0),
        libc::SYS_rt_sigsuspend => forever(Wait::Signal),
        libc::SYS_rt_sigtimedwait => until(Wait::Signal, third != 0),
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => until(Wait::Sleep, true),
        libc::SYS_flock | libc::SYS_fcntl => forever(Wait::Write(descriptor)),
        other => until(Wait::Other(other), true),
    })
}

/// Whether a read or a write on this descriptor ends by itself: a timer, or a
/// socket with a timeout. What cannot be found out counts as yes.
fn has_timeout(process: u32, descriptor: i32, kind: Timeout) -> bool {
    let link = fs::read_link(format!("/proc/{process}/fd/{descriptor}"));
    let target = link.unwrap_or_default();
    let target = target.to_string_lossy();
    if !target.starts_with("socket:") {
        return target.contains("timerfd");
    }
    let timeout = Pid::from_raw(process.cast_signed())
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|id| pidfd_open(id, PidfdFlags::empty()))
        .and_then(|handle| {
            pidfd_getfd(&handle, descriptor, PidfdGetfdFlags::empty())
        })
        .and_then(|socket| socket_timeout(&socket, kind));
    !matches!(timeout, Ok(None))
}

/// The descriptors in the array that the thread has handed to `poll`.
fn polled(process: u32, address: u64, count: u64) -> Vec<i32> {
    let count = usize::try_from(count).unwrap_or(0).min(1024);
    let mut entries = vec![0; count * 8];
    let memory = File::open(format!("/proc/{process}/mem"));
    let read = memory.and_then(|memory| memory.read_exact_at(&mut entries, address));
    if read.is_err() {
        return Vec::new();
    }
    let descriptor =
        |entry: &[u8]| i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
    entries
        .chunks_exact(8)
        .map(descriptor)
        .filter(|number| *number >= 0)
        .collect()
}

fn hexadecimal(field: &str) -> Option<u64> {
    u64::from_str_radix(field.strip_prefix("0x")?, 16).ok()
}

/// The lower half of a register, which is where an `int` argument is.
#[expect(clippy::cast_possible_truncation, reason = "an int is the lower half")]
fn int(register: u64) -> i32 {
    register as u32 as i32
}

fn positive(id: i32) -> Option<u32> {
    u32::try_from(id).ok().filter(|id| *id > 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::look::Look;

    fn reads_from(socket: UnixStream) -> Waiting {
        let mut child = Command::new("cat")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)))
            .stdout(Stdio::null())
            .spawn()
            .expect("cat exists on every Linux system");
        let id = child.id();
        let reading = loop {
            let asleep = Look::below(std::process::id()).processes[&id].state == 'S';
            match waiting(id, id).filter(|_| asleep) {
                Some(waiting) if waiting.wait == Wait::Read(0) => break waiting,
                _ => std::thread::yield_now(),
            }
        };
        child.kill().expect("the child is ours");
        child.wait().expect("the child is ours");
        reading
    }

    #[test]
    fn tells_an_endless_read_from_one_with_a_timeout() {
        let (near, far) = UnixStream::pair().expect("descriptors are left");
        assert!(!reads_from(near.try_clone().expect("descriptors are left")).timed);
        near.set_read_timeout(Some(Duration::from_secs(3600)))
            .expect("not zero");
        assert!(reads_from(near).timed);
        drop(far);
    }

    #[test]
    fn knows_a_sleep() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
        let id = child.id();
        let sleeps = |waiting: Waiting| waiting.timed && waiting.wait == Wait::Sleep;
        while !waiting(id, id).is_some_and(sleeps) {
            std::thread::yield_now();
        }
        child.kill().expect("the child is ours");
        child.wait().expect("the child is ours");
    }
}

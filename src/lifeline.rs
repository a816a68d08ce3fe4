//! The pipe that lets no child outlive its parent.
//!
//! The parent keeps the writing end and never writes; the child asks the kernel
//! for a SIGKILL when something happens on its reading end. The only thing that
//! can happen is that the writing end closes: because the parent died, however
//! it died. The kernel does this also to a child that is stopped, and no thread
//! of the child has to watch.
//!
//! Each child has a pipe of its own: the wish for the signal belongs to the
//! pipe's end and not to the process, so with a shared one only the last child
//! that asked would be killed.

#![expect(unsafe_code, reason = "F_SETSIG is in no safe library")]

use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pipe::PipeFlags;

use crate::error::{Error, Result};

/// Says which signal tells of an event, in Linux's `fcntl.h` on every machine.
const F_SETSIG: libc::c_int = 10;

/// Makes a lifeline: the child's end, then the parent's.
pub(crate) fn new() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(Error::io("make a pipe"))
}

// ANCHOR: hold
/// Ties this process to the parent that holds the other end, for good.
pub(crate) fn hold(end: OwnedFd) -> std::io::Result<()> {
    // Never closed: as long as this process runs, the kernel watches it.
    let descriptor = end.into_raw_fd();
    let own_id = i32::try_from(std::process::id()).unwrap_or(0);
    fcntl(descriptor, libc::F_SETOWN, own_id)?;
    fcntl(descriptor, F_SETSIG, libc::SIGKILL)?;
    fcntl(descriptor, libc::F_SETFL, libc::O_RDONLY | libc::O_ASYNC)?;
    // The parent may have died before the kernel began to watch.
    // SAFETY: (1) the descriptor could be closed; (2) nothing closes it; (3)
    // the parent cannot reach it.
    let end = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    let mut polled = [PollFd::from_borrowed_fd(end, PollFlags::IN)];
    let now = Timespec::default();
    if rustix::event::poll(&mut polled, Some(&now))? > 0 {
        std::process::exit(1);
    }
    Ok(())
}
// ANCHOR_END: hold

fn fcntl(
    descriptor: impl AsRawFd,
    command: libc::c_int,
    argument: libc::c_int,
) -> std::io::Result<()> {
    // SAFETY: (1) a command could take a pointer and write through it; (2) the
    // three commands above take a number; (3) another process sees nothing.
    let result = unsafe { libc::fcntl(descriptor.as_raw_fd(), command, argument) };
    if result == -1 {
        Err(std::io::Error::last_os_error())
    } else {
        Ok(())
    }
}

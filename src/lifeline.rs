//! The pipe that lets no child outlive its parent.
//!
//! The parent keeps the writing end and never writes; the kernel is asked to
//! kill the child when something happens on the reading end, which the child
//! holds. The only thing that can happen is that the writing end closes: because
//! the parent died, however it died. The kernel does this also to a child that
//! is stopped, and no thread of the child has to watch.
//!
//! Both ask. The parent does as soon as it knows the child's id, so that this
//! holds also for a child that is stopped before it could say a word. The child
//! does once it has its end, so that this holds also if the parent is stopped in
//! between, and then killed. The wish belongs to the pipe's end and not to a
//! process, so each child has a pipe of its own.
//!
//! What is left are microseconds: a child that is stopped before it runs this
//! program, whose parent is killed before it could ask, ends when somebody
//! continues it; and until then, the copy of the parent that it may still be
//! holds the lifelines of the parent's other children. And a child that turns
//! itself into another program (`exec`) closes its end, as it closes all that
//! is this library's: from then on it is as free as what `Command` starts.

#![expect(unsafe_code, reason = "F_SETSIG is in no safe library")]

use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pipe::PipeFlags;

use crate::error::{Error, Result};

/// Says which signal tells of an event, in Linux's `fcntl.h` on every machine.
const F_SETSIG: libc::c_int = 10;

/// Makes a lifeline: the child's end, then the parent's.
pub(crate) fn new() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(Error::io("make a pipe"))
}

// ANCHOR: tie
/// Asks the kernel to kill the child when the other end of its pipe closes.
pub(crate) fn tie(end: BorrowedFd<'_>, child: u32) -> std::io::Result<()> {
    let child = i32::try_from(child).map_err(std::io::Error::other)?;
    fcntl(end, F_SETSIG, libc::SIGKILL)?;
    fcntl(end, libc::F_SETFL, libc::O_RDONLY | libc::O_ASYNC)?;
    match fcntl(end, libc::F_SETOWN, child) {
        // It has ended already.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        outcome => outcome,
    }
}

// ANCHOR_END: tie

// ANCHOR: hold
/// Ties this process to the parent that holds the other end, for good.
pub(crate) fn hold(end: OwnedFd) -> std::io::Result<()> {
    // Never closed: as long as this process runs, the kernel watches it.
    let descriptor = end.into_raw_fd();
    // SAFETY: (1) the descriptor could be closed; (2) nothing closes it; (3)
    // the parent cannot reach it.
    let end = unsafe { BorrowedFd::borrow_raw(descriptor) };
    tie(end, std::process::id())?;
    // The parent may have died before the kernel began to watch.
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

//! Until when to wait, and how long that still is.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

use crate::error::{Error, Result};

/// The end of a wait; none for a wait without an end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const NEVER: Deadline = Deadline(None);

    /// A time so far away that it cannot be told is never.
    pub(crate) fn after(timeout: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// What is left, zero once it is over; `None` for a wait without an end.
    pub(crate) fn remaining(self) -> Option<Duration> {
        self.0
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// This one, or `time` from now if that is later.
    pub(crate) fn at_least(self, time: Duration) -> Deadline {
        match self.remaining() {
            Some(left) if left < time => Deadline::after(time),
            _ => self,
        }
    }

    /// The same, but never more than `limit`, for waits that look again.
    pub(crate) fn remaining_at_most(self, limit: Duration) -> Duration {
        self.remaining().map_or(limit, |left| left.min(limit))
    }

    pub(crate) fn is_over(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }
}

/// Waits until one of `descriptors` is readable (or at its end), or time is up.
///
/// Returns the positions of those that are ready; none when time was up. A
/// signal that interrupts the wait does not end it.
pub(crate) fn wait_readable(
    descriptors: &[BorrowedFd<'_>],
    deadline: Deadline,
) -> Result<Vec<usize>> {
    wait_for(descriptors, PollFlags::IN, deadline)
}

/// Waits until `descriptor` takes another packet, or its peer is gone.
pub(crate) fn wait_writable(
    descriptor: BorrowedFd<'_>,
    deadline: Deadline,
) -> Result<bool> {
    Ok(!wait_for(&[descriptor], PollFlags::OUT, deadline)?.is_empty())
}

fn wait_for(
    descriptors: &[BorrowedFd<'_>],
    event: PollFlags,
    deadline: Deadline,
) -> Result<Vec<usize>> {
    let mut polled: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::from_borrowed_fd(*descriptor, event))
        .collect();
    loop {
        let left = deadline
            .remaining()
            .and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(&mut polled, left.as_ref()) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(Error::io("wait for another process")(error)),
        }
    }
    let ready = polled.iter().enumerate();
    Ok(ready
        .filter(|(_, polled)| !polled.revents().is_empty())
        .map(|(position, _)| position)
        .collect())
}

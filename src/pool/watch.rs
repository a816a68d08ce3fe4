//! What whoever looks after the workers sleeps on.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
};

use crate::deadline::{Deadline, wait_readable};
use crate::error::{Error, Result};
use crate::pool::bell::Bell;

/// Everything that can happen in a pool, as descriptors that become readable.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Rung by callers: there is a command.
    pub(crate) commands: Bell,
    /// Rung by workers: there are results, or room for tasks.
    pub(crate) results: Bell,
    /// Wakes the pool's thread when nobody else looks after the workers.
    alarm: OwnedFd,
    /// Readable while a worker that was added to it has ended.
    ends: OwnedFd,
}

/// What has happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Events {
    commands: bool,
    results: bool,
    pub(crate) an_end: bool,
    pub(crate) alarm: bool,
}

impl Events {
    pub(crate) fn is_only_alarm(self) -> bool {
        self.alarm && !self.commands && !self.results && !self.an_end
    }
}

/// What to wait for beside commands and the ends of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) results: bool,
    pub(crate) alarm: bool,
}

impl Watch {
    pub(crate) fn new() -> Result<Watch> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Watch {
            commands: Bell::new()?,
            results: Bell::new()?,
            alarm: rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)
                .map_err(Error::io("make a timer"))?,
            ends: epoll::create(epoll::CreateFlags::CLOEXEC)
                .map_err(Error::io("watch processes"))?,
        })
    }

    /// Begins to watch for a worker's end.
    pub(crate) fn add(&self, worker: impl AsFd) -> Result<()> {
        epoll::add(&self.ends, worker, EventData::new_u64(0), EventFlags::IN)
            .map_err(Error::io("watch a process"))
    }

    /// Watches a worker no longer: it is about to be reaped.
    pub(crate) fn remove(&self, worker: impl AsFd) {
        let _ = epoll::delete(&self.ends, worker);
    }

    /// Sleeps until something happens or time is up.
    pub(crate) fn sleep(&self, interest: Interest, deadline: Deadline) -> Events {
        let mut watched = [
            Some(self.commands.as_fd()),
            Some(self.ends.as_fd()),
            interest.results.then_some(self.results.as_fd()),
            interest.alarm.then_some(self.alarm.as_fd()),
        ];
        let mut events = Events::default();
        let happened = [
            &mut events.commands,
            &mut events.an_end,
            &mut events.results,
            &mut events.alarm,
        ];
        wait_for_any(&mut watched, deadline);
        for (event, left) in happened.into_iter().zip(watched) {
            *event = left.is_some();
        }
        events
    }

    /// Forgets the rings that led to `events`.
    ///
    /// Only who looks after the workers does so: somebody else's sleep would go
    /// on if the ring that ended it were gone when he looks.
    pub(crate) fn silence(&self, events: Events) {
        if events.commands {
            self.commands.silence();
        }
        if events.results {
            self.results.silence();
        }
    }

    /// Wakes the pool's thread after `delay`.
    pub(crate) fn set_alarm(&self, delay: Duration) {
        // No time at all would switch the timer off.
        let delay = delay.max(Duration::from_nanos(1));
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: delay.as_secs() as i64,
                tv_nsec: delay.subsec_nanos().into(),
            },
        };
        let flags = TimerfdTimerFlags::empty();
        // Refused only for times that are none.
        let _ = rustix::time::timerfd_settime(&self.alarm, flags, &once);
    }

    /// Sleeps until the alarm, and stops it.
    pub(crate) fn await_alarm(&self, deadline: Deadline) {
        let _ = wait_readable(&[self.alarm.as_fd()], deadline);
        self.stop_alarm();
    }

    pub(crate) fn stop_alarm(&self) {
        let _ = rustix::io::read(&self.alarm, &mut [0_u8; 8]);
    }
}

/// Waits for any of `watched`; those that are not ready become `None`.
fn wait_for_any(watched: &mut [Option<BorrowedFd<'_>>], deadline: Deadline) {
    let descriptors: Vec<BorrowedFd<'_>> =
        watched.iter().copied().flatten().collect();
    // When the system cannot wait, nothing is known: look again.
    let ready = wait_readable(&descriptors, deadline).unwrap_or_default();
    let asked = watched.iter_mut().filter(|watched| watched.is_some());
    for (place, watched) in asked.enumerate() {
        if !ready.contains(&place) {
            *watched = None;
        }
    }
}

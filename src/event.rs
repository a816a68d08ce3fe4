//! A flag that processes wait for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::Result;
use crate::shared::{Shared, Sizes, State};
use crate::sleepers::Sleepers;
use crate::trace;

/// A flag: once somebody sets it, all who wait for it go on.
///
/// Nobody owns it, so the death of a process changes nothing: what it has set
/// stays set.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Event, Process, Result};
///
/// fn start_when_told((ready, go): (Event, Event)) -> u32 {
///     ready.set();
///     go.wait();
///     7
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let (ready, go) = (Event::new()?, Event::new()?);
///     let worker = Process::spawn(start_when_told, (ready.clone(), go.clone()))?;
///     ready.wait();
///     go.set();
///     assert_eq!(worker.join()?, 7);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event(Shared<Flag>);

#[repr(C)]
struct Flag {
    /// How often the flag was set or cleared: it is set while this is odd.
    changes: AtomicU32,
    sleepers: Sleepers,
}

// SAFETY: all of it is `repr(C)` and atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl State for Flag {
    type Tail = ();
    const KIND: [u8; 8] = *b"event  1";
}

impl Event {
    /// Makes an event that is not set.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) when the system has no memory or
    /// descriptor for it.
    pub fn new() -> Result<Event> {
        Shared::new(Sizes::default()).map(Event)
    }

    /// Whether the event is set.
    pub fn is_set(&self) -> bool {
        is_set(self.changes())
    }

    /// Sets the event; all who wait go on.
    pub fn set(&self) {
        if self.change_to(true) {
            self.0.sleepers.wake_all();
        }
    }

    /// Takes the flag back; who waits from now on waits for the next `set`.
    pub fn clear(&self) {
        self.change_to(false);
    }

    /// Waits until the event is set.
    ///
    /// It ends also when the event was set and cleared again in the meantime.
    pub fn wait(&self) {
        while !self.wait_until(Deadline::NEVER) {}
    }

    /// Waits at most `timeout`; `false` when the event was not set in time.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Deadline::after(timeout))
    }

    fn wait_until(&self, deadline: Deadline) -> bool {
        let _span = trace::span("wait", "event");
        let before = self.changes();
        let mut first = true;
        let was_set = || is_set(before) || self.changes() != before;
        while !was_set() {
            if deadline.is_over() {
                return false;
            }
            let sleepers = &self.0.sleepers;
            sleepers.look_or_sleep(c"in Event::wait", &mut first, deadline, was_set);
        }
        true
    }

    fn changes(&self) -> u32 {
        self.0.changes.load(Ordering::SeqCst)
    }

    /// Counts a change, if it is one.
    fn change_to(&self, set: bool) -> bool {
        let next = |now: u32| (is_set(now) != set).then(|| now.wrapping_add(1));
        let changes = &self.0.changes;
        changes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .is_ok()
    }
}

fn is_set(changes: u32) -> bool {
    changes % 2 == 1
}

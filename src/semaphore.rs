//! A number of permits that processes share.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::lock::Hold;
use crate::robust::{Before, RobustMutex};
use crate::shared::{Memory, Shared, Sizes, State};
use crate::sleepers::Sleepers;
use crate::trace;

/// Lets a limited number of threads, of any processes, do something at a time.
///
/// Each takes a permit and gives it back by dropping it. The permit of a process
/// that dies comes back by itself, and the next [`acquire`](Semaphore::acquire)
/// gets it and is told ([`Permit::recovered_from`]); Python's semaphore has one
/// permit less for ever. A permit cannot be given back by anybody else, so this
/// is Python's `BoundedSemaphore`; for signals, take an
/// [`Event`](crate::Event) or a [`Queue`](crate::Queue).
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Process, Result, Semaphore};
///
/// fn die_with_a_permit(seats: Semaphore) {
///     let _permit = seats.acquire();
///     std::process::abort();
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let seats = Semaphore::new(2)?;
///     let worker = Process::spawn(die_with_a_permit, seats.clone())?;
///     let worker_id = worker.id();
///     assert!(worker.join().is_err());
///
///     let first = seats.acquire()?;
///     assert_eq!(first.recovered_from(), Some(worker_id));
///     let second = seats.acquire()?;
///     assert_eq!(second.recovered_from(), None);
///     assert!(seats.try_acquire()?.is_none());
///     Ok(())
/// }
/// ```
#[doc(alias = "BoundedSemaphore")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Semaphore(Shared<Permits>);

/// Who waits; the permits follow, each of them a lock: so the kernel notices
/// the death of its holder.
#[repr(C, align(64))]
struct Permits {
    sleepers: Sleepers,
}

/// The most permits there can be; each takes memory at once.
const MOST: usize = 1 << 20;

/// One permit in a cache line of its own.
#[repr(C, align(64))]
struct Slot {
    holder: RobustMutex,
}

// SAFETY: all of it is `repr(C)`; the locks are a `State` of their own, the rest
// is atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl State for Permits {
    type Tail = Slot;
    const KIND: [u8; 8] = *b"permit 1";

    fn tail_length([permits, _]: Sizes) -> Option<usize> {
        let permits = usize::try_from(permits).ok()?;
        (1..=MOST).contains(&permits).then_some(permits)
    }

    fn initialize(memory: &Memory<Self>) -> Result<()> {
        let mut slots = memory.tail().iter();
        slots.try_for_each(|slot| slot.holder.initialize())
    }

    fn is_held(memory: &Memory<Self>) -> bool {
        memory.tail().iter().any(|slot| slot.holder.is_held())
    }
}

/// A permit of a [`Semaphore`], given back when it is dropped.
///
/// It stays in the thread that took it.
///
/// # Examples
///
/// ```
/// # fn main() -> multiproc::Result<()> {
/// let seats = multiproc::Semaphore::new(1)?;
/// let permit = seats.acquire()?;
/// assert!(seats.try_acquire()?.is_none());
/// drop(permit);
/// assert!(seats.try_acquire()?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    recovered_from: Option<u32>,
    hold: Option<Hold<'a>>,
}

impl Semaphore {
    /// Makes a semaphore with `permits` permits, at most 1,048,576.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`]; [`Error::Io`] when there are too many, or the system has
    /// no memory or descriptor for it.
    pub fn new(permits: usize) -> Result<Semaphore> {
        Error::check_not_zero(permits, "permits")?;
        Shared::new([permits as u64, 0]).map(Semaphore)
    }

    /// Waits until there is a permit, and takes it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when this thread holds 2,000 permits and locks already, more
    /// than the system would give back at its death, or when a process has damaged
    /// the semaphore.
    pub fn acquire(&self) -> Result<Permit<'_>> {
        loop {
            if let Some(permit) = self.acquire_until(Deadline::NEVER)? {
                return Ok(permit);
            }
        }
    }

    /// Takes a permit if there is one; `None` if not.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Semaphore::acquire).
    pub fn try_acquire(&self) -> Result<Option<Permit<'_>>> {
        self.take()
    }

    /// Waits at most `timeout` for a permit; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Semaphore::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<Permit<'_>>> {
        self.acquire_until(Deadline::after(timeout))
    }

    /// How many permits nobody has at this moment; those of dead processes
    /// count as soon as somebody has looked.
    #[doc(alias = "get_value")]
    pub fn available(&self) -> usize {
        let slots = self.0.tail().iter();
        slots.filter(|slot| slot.holder.looks_free()).count()
    }

    fn acquire_until(&self, deadline: Deadline) -> Result<Option<Permit<'_>>> {
        let _span = trace::span("wait", "semaphore");
        let sleepers = &self.0.sleepers;
        let mut first = true;
        loop {
            if let Some(permit) = self.take()? {
                if !first && self.available() > 0 {
                    sleepers.wake_one();
                }
                return Ok(Some(permit));
            }
            if deadline.is_over() {
                return Ok(None);
            }
            let call = c"in a semaphore";
            sleepers.look_or_sleep(call, &mut first, deadline, || self.is_free());
        }
    }

    /// Whether there is a permit to take. One that only looks free is that of a
    /// process between two instructions, where it may have been stopped.
    fn is_free(&self) -> bool {
        let mut slots = self.0.tail().iter();
        slots.any(|slot| {
            slot.holder.looks_free() && slot.holder.is_unlocked().unwrap_or(true)
        })
    }

    /// Takes a dead holder's permit if there is one, or else a free one.
    fn take(&self) -> Result<Option<Permit<'_>>> {
        let slots = self.0.tail();
        for taken in [true, false] {
            let some = slots
                .iter()
                .filter(|slot| slot.holder.looks_free() != taken);
            for slot in some {
                let Some((before, hold)) = Hold::attempt(&slot.holder)? else {
                    continue;
                };
                let recovered_from = match before {
                    Before::Died => slot.holder.poison(),
                    Before::Unlocked => None,
                };
                hold.mark_repaired();
                return Ok(Some(Permit {
                    semaphore: self,
                    recovered_from,
                    hold: Some(hold),
                }));
            }
        }
        Ok(None)
    }
}

impl Permit<'_> {
    /// The process that died with this permit, if that is how it came back.
    pub fn recovered_from(&self) -> Option<u32> {
        self.recovered_from
    }
}

impl Drop for Permit<'_> {
    /// Gives the permit back, then wakes one who waits for it.
    fn drop(&mut self) {
        self.hold = None;
        self.semaphore.0.sleepers.wake_one();
    }
}

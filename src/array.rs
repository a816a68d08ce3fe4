//! A fixed number of values that processes share, and locks for parts of them.

#![expect(unsafe_code, reason = "makes slices of memory that processes share")]

mod guard;

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ops::{Bound, Range, RangeBounds};
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytemuck::Pod;
use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::lock::{Hold, LockError, LockResult, TryLockResult};
use crate::robust::{Before, Inside, LOOK_AGAIN, RobustMutex};
use crate::shared::{Memory, Shared, Sizes, State};

pub use guard::ArrayGuard;

/// An array of plain data in memory that processes share.
///
/// A guard is a slice of the array itself: nothing is copied, however large it
/// is. [`lock`](Array::lock) takes the whole array;
/// [`lock_range`](Array::lock_range) takes a part, so that several processes
/// work on different parts at the same time.
///
/// What the elements can be, and what a dead holder means, is as for
/// [`Value`](crate::Value) and [`Lock`](crate::Lock), but for one thing: what a
/// holder had changed before it died stays changed.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Array, Process, Result};
///
/// fn fill((array, start, end): (Array<u32>, usize, usize)) {
///     let mut part = array.lock_range(start..end).expect("nobody died");
///     part.fill(end as u32);
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let array = Array::new(4)?;
///     let left = Process::spawn(fill, (array.clone(), 0, 2))?;
///     let right = Process::spawn(fill, (array.clone(), 2, 4))?;
///     left.join()?;
///     right.join()?;
///     assert_eq!(array.to_vec()?, [2, 2, 4, 4]);
///     Ok(())
/// }
/// ```
#[doc(alias = "RawArray")]
#[doc(alias = "SharedMemory")]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Array<T: Pod>(Shared<Parts<T>>);

/// How many parts can be locked at a time; who wants another one waits.
const SLOTS: usize = 32;

/// How long even a `try_lock` waits for the gate: whoever has it only looks at
/// the slots, unless it is stopped (`SIGSTOP`).
const GRACE: Duration = Duration::from_millis(100);

/// How long to sleep at one slot when it may be any other that becomes free.
const ANY_SLOT: Duration = Duration::from_millis(10);

thread_local! {
    /// The slot that this thread gave up last.
    static GIVEN_UP: Cell<*const Slot> = const { Cell::new(ptr::null()) };
}

/// Who holds which part; the elements follow.
#[repr(C, align(64))]
struct Parts<T> {
    /// Held while a part is looked for, never while it is used.
    gate: RobustMutex,
    /// How many of the slots have ever been used.
    used: AtomicU32,
    slots: [Slot; SLOTS],
    element: PhantomData<fn() -> T>,
}

/// A part that is held: from `start` to `end`, which is 0 if there is none.
#[repr(C, align(64))]
struct Slot {
    /// Held as long as the part is; its death is how others learn of a death.
    holder: RobustMutex,
    start: AtomicU64,
    end: AtomicU64,
}

/// An element; only the holder of a part that it lies in reaches for it.
#[repr(transparent)]
struct Element<T>(UnsafeCell<T>);

// SAFETY: (1) two could reach for the element at once; (2) guards are handed out
// for parts that do not overlap; (3) other processes go by the same slots.
unsafe impl<T: Pod> Sync for Element<T> {}

// SAFETY: all is `repr(C)`, `T: Pod` takes any bytes, the locks are a `State`
// of their own, the rest is atomic or in an `UnsafeCell`.
unsafe impl<T: Pod> State for Parts<T> {
    type Tail = Element<T>;
    const KIND: [u8; 8] = *b"array  1";

    fn tail_length([length, size]: Sizes) -> Option<usize> {
        let length = length.try_into().ok()?;
        (size == size_of::<T>() as u64).then_some(length)
    }

    fn initialize(memory: &Memory<Self>) -> Result<()> {
        memory.gate.initialize()?;
        let mut slots = memory.slots.iter();
        slots.try_for_each(|slot| slot.holder.initialize())
    }

    fn is_held(memory: &Memory<Self>) -> bool {
        memory.slots.iter().any(|slot| slot.holder.is_held())
    }
}

impl<T: Pod> Array<T> {
    /// Makes an array of `length` elements whose bytes are all zero.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system has no memory or descriptor for it. Memory
    /// is taken up when it is first used.
    pub fn new(length: usize) -> Result<Array<T>> {
        Shared::new([length as u64, size_of::<T>() as u64]).map(Array)
    }

    /// Makes an array that holds a copy of `elements`.
    ///
    /// # Errors
    ///
    /// As for [`new`](Array::new).
    pub fn from_slice(elements: &[T]) -> Result<Array<T>> {
        let array = Array::new(elements.len())?;
        array.lock()?.copy_from_slice(elements);
        Ok(array)
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.tail().len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until nobody else holds any part, and takes the whole array.
    ///
    /// Nobody waits for it: while others take one part after another without a
    /// pause, there may be no moment at which nobody holds any.
    ///
    /// # Errors
    ///
    /// [`LockError::Poisoned`](crate::LockError::Poisoned), with the guard,
    /// after a holder of any part died or panicked; [`Error::Deadlock`] when
    /// this thread holds a part.
    #[doc(alias = "get_lock")]
    pub fn lock(&self) -> LockResult<ArrayGuard<'_, T>> {
        self.lock_range(..)
    }

    /// Waits until nobody else holds anything of `range`, and takes it.
    ///
    /// Who wants several parts takes them in ascending order, as everywhere:
    /// two processes that each wait for the other's part wait for ever.
    ///
    /// At most 32 parts of an array can be held at a time, by all processes
    /// together. Who wants another one waits until any of them is given up.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Array::lock), but [`Error::Deadlock`] only when this
    /// thread holds something of `range`, or all 32 parts; and
    /// [`Error::OutOfRange`] when the array is shorter.
    pub fn lock_range(
        &self,
        range: impl RangeBounds<usize>,
    ) -> LockResult<ArrayGuard<'_, T>> {
        let range = self.checked(range)?;
        loop {
            let guard = self.take(range.clone(), Deadline::NEVER)?;
            if let Some(guard) = guard {
                return self.warned(guard);
            }
        }
    }

    /// Takes the whole array if nobody holds any part; `None` if somebody does.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Array::lock).
    pub fn try_lock(&self) -> TryLockResult<ArrayGuard<'_, T>> {
        self.lock_timeout(Duration::ZERO)
    }

    /// Waits at most `timeout` for the whole array; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Array::lock).
    pub fn lock_timeout(
        &self,
        timeout: Duration,
    ) -> TryLockResult<ArrayGuard<'_, T>> {
        self.lock_range_timeout(.., timeout)
    }

    /// Waits at most `timeout` for `range`; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`lock_range`](Array::lock_range).
    pub fn lock_range_timeout(
        &self,
        range: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> TryLockResult<ArrayGuard<'_, T>> {
        let guard = self.take(self.checked(range)?, Deadline::after(timeout))?;
        guard.map(|guard| self.warned(guard)).transpose()
    }
}

impl<T: Pod> Array<T> {
    /// Returns a copy of the element at `index`, read under its lock.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; [`Error::Poisoned`] after a holder died; else as
    /// for [`lock`](Array::lock).
    pub fn get(&self, index: usize) -> Result<T> {
        Ok(self.lock_range(index..=index)?[0])
    }

    /// Replaces the element at `index`, under its lock.
    ///
    /// # Errors
    ///
    /// As for [`get`](Array::get).
    pub fn set(&self, index: usize, value: T) -> Result<()> {
        self.lock_range(index..=index)?[0] = value;
        Ok(())
    }

    /// Returns a copy of the whole array, read under the lock.
    ///
    /// # Errors
    ///
    /// [`Error::Poisoned`] after a holder died; else as for
    /// [`lock`](Array::lock).
    pub fn to_vec(&self) -> Result<Vec<T>> {
        Ok(self.lock()?.to_vec())
    }

    fn checked(&self, range: impl RangeBounds<usize>) -> Result<Range<usize>> {
        let length = self.len();
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&index) => {
                let beyond = Error::OutOfRange { index, length };
                index.checked_add(1).ok_or(beyond)?
            }
            Bound::Excluded(&end) => end,
            Bound::Unbounded => length,
        };
        let end = end.max(start);
        if end > length {
            let index = end - 1;
            return Err(Error::OutOfRange { index, length });
        }
        Ok(start..end)
    }

    /// Takes `range` as soon as nobody holds anything of it.
    ///
    /// Who finds it held sleeps at the holder's slot, where the kernel wakes it
    /// when the holder dies. It sleeps for a bounded time and then looks at all
    /// slots again, as the slot may be held anew, for another part.
    fn take(
        &self,
        range: Range<usize>,
        deadline: Deadline,
    ) -> Result<Option<ArrayGuard<'_, T>>> {
        loop {
            let is_last_look = deadline.is_over();
            let patience = deadline.at_least(GRACE);
            let Some(gate) = Inside::enter(&self.0.gate, patience)? else {
                return Ok(None);
            };
            let in_the_way = self.in_the_way(&range)?;
            if in_the_way.is_none()
                && let Some((slot, hold)) = self.free_slot()?
            {
                return Ok(Some(self.guard(range, slot, hold)));
            }
            drop(gate);
            match in_the_way {
                Some(slot) => {
                    let time = deadline.remaining_at_most(LOOK_AGAIN);
                    slot.holder.wait_unlocked(time)?;
                }
                None => {
                    self.wait_for_any_slot(deadline.remaining_at_most(ANY_SLOT))?;
                }
            }
            if is_last_look {
                return Ok(None);
            }
        }
    }

    /// Sleeps at the first slot that is not this thread's own.
    fn wait_for_any_slot(&self, time: Duration) -> Result<()> {
        for slot in &self.0.slots {
            match slot.holder.wait_unlocked(time) {
                Err(Error::Deadlock) => {}
                slept => return slept,
            }
        }
        Err(Error::Deadlock)
    }

    /// Finds a slot whose holder lives and has something of `range`.
    fn in_the_way(&self, range: &Range<usize>) -> Result<Option<&Slot>> {
        for slot in self.used_slots() {
            let end = slot.end.load(Ordering::Acquire);
            if end == 0 {
                continue;
            }
            if slot.holder.is_unlocked()? {
                // Its holder died: `is_unlocked` has noted that.
                slot.end.store(0, Ordering::Release);
                continue;
            }
            let start = slot.start.load(Ordering::Relaxed);
            if start < range.end as u64 && (range.start as u64) < end {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// Takes a slot, the one that this thread gave up last only if no other is
    /// free: who was woken by that is about to look whether it is.
    fn free_slot(&self) -> Result<Option<(&Slot, Hold<'_>)>> {
        let given_up = GIVEN_UP.get();
        let slots = || self.0.slots.iter().enumerate();
        let others = slots().filter(|(_, slot)| !ptr::eq(*slot, given_up));
        let last = slots().filter(|(_, slot)| ptr::eq(*slot, given_up));
        for (index, slot) in others.chain(last) {
            if slot.end.load(Ordering::Acquire) != 0 {
                continue;
            }
            let was_in_order = slot.holder.poison().is_none();
            if let Some((before, hold)) = Hold::attempt(&slot.holder)? {
                // Who died here had no part yet, or had given it up: nothing
                // is half done, so nobody has to be warned.
                if before == Before::Died && was_in_order {
                    slot.holder.mark_repaired();
                }
                self.0.used.fetch_max(index as u32 + 1, Ordering::Relaxed);
                return Ok(Some((slot, hold)));
            }
        }
        Ok(None)
    }

    fn used_slots(&self) -> &[Slot] {
        let used = self.0.used.load(Ordering::Relaxed) as usize;
        &self.0.slots[..used.min(SLOTS)]
    }

    /// Notes the part in the slot, under the gate.
    fn guard<'a>(
        &'a self,
        range: Range<usize>,
        slot: &'a Slot,
        hold: Hold<'a>,
    ) -> ArrayGuard<'a, T> {
        if !range.is_empty() {
            slot.start.store(range.start as u64, Ordering::Relaxed);
            slot.end.store(range.end as u64, Ordering::Release);
        }
        ArrayGuard {
            array: self,
            range,
            slot,
            hold,
        }
    }

    fn warned<'a>(&self, guard: ArrayGuard<'a, T>) -> LockResult<ArrayGuard<'a, T>> {
        let mut slots = self.used_slots().iter();
        match slots.find_map(|slot| slot.holder.poison()) {
            None => Ok(guard),
            Some(pid) => Err(LockError::Poisoned { guard, pid }),
        }
    }
}

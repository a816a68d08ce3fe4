//! How a pool and one of its workers fall asleep and wake each other: two words
//! in the memory that they share.
//!
//! Each side says that it is about to sleep, and for what, and then looks once
//! more whether that is there already. The other side first does something and
//! then looks whether somebody sleeps for it. Between the two steps of each lies
//! a fence, or a change of the gate; so whatever the order, one of them sees the
//! other, and nobody sleeps while there is something to do. The bells themselves
//! (see bell.rs) keep a ring for who is not asleep yet.
//!
//! Both sides write both words, and each write reads what it replaces (swap or
//! compare-and-swap), so that there is one order of the writes to each.

use crate::atomic::{AtomicU64, Ordering, fence};
use crate::pool::gate::Gate;
use crate::pool::line::Line;

/// This side looks by itself: do not ring for it.
const AWAKE: u64 = u64::MAX;

/// What a worker sleeps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Another task, or the rest of one that is larger than the ring.
    Tasks,
    /// Room for a result.
    Room,
}

/// Who sleeps.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Sleepers {
    /// For what the worker sleeps until its bell rings: see [`Sleep`].
    pub(crate) worker_sleeps: Line<AtomicU64>,
    /// The position of results that the sleeping parent wants to hear of.
    pub(crate) parent_wants: Line<AtomicU64>,
}

impl Sleepers {
    /// Nobody sleeps.
    pub(crate) fn wake_all(&self) {
        self.stop_wanting();
        self.stay_awake();
    }

    // ---- the parent's side

    /// Says that the parent sleeps until results are `written` up to `position`,
    /// or the worker sleeps and `there_is_work` for the parent to go on with.
    /// Returns whether that is so already.
    pub(crate) fn want(
        &self,
        gate: &Gate,
        position: u64,
        written: impl Fn() -> u64,
        there_is_work: impl Fn() -> bool,
    ) -> bool {
        self.parent_wants.0.swap(position, Ordering::Relaxed);
        // Either this side sees what the worker wrote before its own step, or
        // the worker sees the wish after it. The step is the start of a task,
        // which changes the gate as this does; or a fence, when it goes to
        // sleep.
        gate.pass();
        fence(Ordering::SeqCst);
        written() >= position
            || (self.worker_sleeps.0.load(Ordering::Acquire) != AWAKE
                && there_is_work())
    }

    /// Says that the parent is awake.
    pub(crate) fn stop_wanting(&self) {
        self.parent_wants.0.swap(AWAKE, Ordering::Relaxed);
    }

    /// Whether the worker sleeps for something that there is `now`, and so must
    /// be rung for; asking wakes it.
    pub(crate) fn must_wake(&self, now: &[Sleep]) -> bool {
        fence(Ordering::SeqCst);
        // Only what is still so may be changed: the worker may go on by itself
        // meanwhile, and fall asleep again for something that is not there.
        now.iter().any(|sleep| {
            let (seen, relaxed) = (*sleep as u64, Ordering::Relaxed);
            let sleeps = &self.worker_sleeps.0;
            sleeps.load(relaxed) == seen
                && sleeps
                    .compare_exchange(seen, AWAKE, relaxed, relaxed)
                    .is_ok()
        })
    }

    // ---- the worker's side

    /// Whether the parent sleeps and must be rung for, as much being written
    /// as it wants. The worker asks right after it has started another task:
    /// that step saves it a fence for each (see [`want`](Sleepers::want)).
    #[inline]
    pub(crate) fn must_ring(&self, written: u64) -> bool {
        let wanted = self.parent_wants.0.load(Ordering::Relaxed);
        written >= wanted && self.stop_waiting()
    }

    /// Whether the parent sleeps and must be rung for in any case: the worker
    /// will write no more, as it has nothing to do or has said that it sleeps.
    pub(crate) fn must_ring_anyway(&self) -> bool {
        fence(Ordering::SeqCst);
        self.stop_waiting()
    }

    /// Whether the parent waited; from now on it does not.
    fn stop_waiting(&self) -> bool {
        let wants = &self.parent_wants.0;
        wants.load(Ordering::Relaxed) != AWAKE
            && wants.swap(AWAKE, Ordering::Relaxed) != AWAKE
    }

    /// Says that the worker is about to sleep, unless `there_is_work` now.
    /// Returns whether to sleep; then the parent must be rung for, if it sleeps
    /// ([`must_ring_anyway`](Sleepers::must_ring_anyway)).
    pub(crate) fn fall_asleep(
        &self,
        sleep: Sleep,
        there_is_work: impl Fn() -> bool,
    ) -> bool {
        self.worker_sleeps.0.swap(sleep as u64, Ordering::Release);
        fence(Ordering::SeqCst);
        if there_is_work() {
            self.stay_awake();
            return false;
        }
        true
    }

    /// Says that the worker does not sleep.
    fn stay_awake(&self) {
        self.worker_sleeps.0.swap(AWAKE, Ordering::Relaxed);
    }
}

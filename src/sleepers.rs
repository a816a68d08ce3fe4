//! Where threads of several processes sleep until something changes.

use std::ffi::CStr;

use crate::atomic::{AtomicU32, Ordering, fence};
use crate::deadline::Deadline;
use crate::futex;
use crate::robust::LOOK_AGAIN;
use crate::waiting::waiting;

/// The lowest bit of the word: somebody may be asleep.
const ASLEEP: u32 = 1;

/// Who has to wait looks a few times more before it sleeps, as that costs less
/// than to be woken: with pauses in between, since looking all the time would
/// slow down the one whose progress it waits for (both need the same cache
/// line); then after letting others run, as that one may wait for this
/// processor.
const LOOKS: u32 = 5;
const PAUSES: u32 = 40;
const YIELDS: u32 = 15;

/// A word on which threads sleep (a futex), made so that waking costs nothing
/// when nobody sleeps.
///
/// A sleeper sets the lowest bit, looks whether it has to sleep at all, and
/// sleeps as long as the word stays the same. A waker that finds the bit set
/// takes it away by adding one, so that the word is another one from then on,
/// and wakes a sleeper. Either the sleeper sees what the waker changed before,
/// or the waker sees the bit.
///
/// ```text
///     sleeper                       waker
///     sets the bit                  changes something
///     looks: nothing to do          looks: the bit is set
///     sleeps ...                    word + 1, wakes one
///     wakes, sets the bit again     │
/// ```
///
/// The woken one sets the bit again, since others may still sleep. A process
/// that is killed anywhere in this leaves at worst a bit that costs the next
/// waker a system call, or a sleeper that nobody wakes: so nobody sleeps for
/// longer than [`LOOK_AGAIN`] without looking.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Sleepers(pub(crate) AtomicU32);

impl Sleepers {
    /// Looks for a while, the first time, and sleeps if that was in vain.
    pub(crate) fn look_or_sleep(
        &self,
        call: &CStr,
        first: &mut bool,
        deadline: Deadline,
        something_to_do: impl Fn() -> bool,
    ) {
        if std::mem::take(first) {
            for look in 0..LOOKS + YIELDS {
                if look < LOOKS {
                    (0..PAUSES).for_each(|_| std::hint::spin_loop());
                } else {
                    std::thread::yield_now();
                }
                if something_to_do() {
                    return;
                }
            }
        }
        self.sleep(call, deadline, something_to_do);
    }

    /// Sleeps until woken, for a bounded time, unless there is something to do.
    ///
    /// It may wake without a reason; the caller looks again in any case. `call`
    /// is what others are told that this thread waits in.
    pub(crate) fn sleep(
        &self,
        call: &CStr,
        deadline: Deadline,
        something_to_do: impl Fn() -> bool,
    ) {
        let word = self.0.fetch_or(ASLEEP, Ordering::SeqCst) | ASLEEP;
        fence(Ordering::SeqCst);
        if something_to_do() {
            return;
        }
        let _waiting = waiting(call);
        let limit = deadline.remaining_at_most(LOOK_AGAIN);
        if futex::wait(&self.0, word, limit) {
            self.0.fetch_or(ASLEEP, Ordering::SeqCst);
        }
    }

    /// Wakes one sleeper, if there is any, after something has changed.
    ///
    /// Who is woken and leaves something for another calls this in turn.
    pub(crate) fn wake_one(&self) {
        self.wake(1);
    }

    /// Wakes all sleepers.
    pub(crate) fn wake_all(&self) {
        self.wake(i32::MAX as u32);
    }

    /// Wakes all sleepers, whatever the bit says: one that `wake_one` has just
    /// woken has taken it away, and may not have set it again for those that
    /// still sleep. For the end, after which nobody wakes them.
    pub(crate) fn wake_all_at_the_end(&self) {
        self.0.fetch_add(2, Ordering::SeqCst);
        futex::wake(&self.0, i32::MAX as u32);
    }

    fn wake(&self, count: u32) {
        // Orders the change before the look: without it, the sleeper could miss
        // the change and this thread the bit.
        fence(Ordering::SeqCst);
        let word = self.0.load(Ordering::Relaxed);
        if word & ASLEEP != 0 {
            let next = word.wrapping_add(1);
            let exchanged = self.0.compare_exchange(
                word,
                next,
                Ordering::SeqCst,
                Ordering::Relaxed,
            );
            if exchanged.is_ok() {
                futex::wake(&self.0, count);
            }
        }
    }
}

//! What src/futex.rs is to the library: a word on which threads sleep, and no end
//! of a sleep but a wake, so that a wake which gets lost is a deadlock.

use std::time::Duration;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Condvar, Mutex};

loom::lazy_static! {
    /// All that sleep, whatever word they sleep on: how often was woken.
    static ref KERNEL: (Mutex<u64>, Condvar) = (Mutex::new(0), Condvar::new());
}

/// As the kernel does it: the look at the word and the sleep are one step for
/// whoever wakes.
pub(crate) fn wait(word: &AtomicU32, expected: u32, _limit: Duration) -> bool {
    let (wakes, woken) = &*KERNEL;
    let mut count = wakes.lock().expect("nobody panics");
    if word.load(Ordering::SeqCst) != expected {
        return false;
    }
    let before = *count;
    while *count == before {
        count = woken.wait(count).expect("nobody panics");
    }
    true
}

/// Wakes all that sleep, as every test has at most one sleeper on each word: one
/// that sleeps on another word wakes without a reason, which it may.
pub(crate) fn wake(_word: &AtomicU32, _count: u32) {
    let (wakes, woken) = &*KERNEL;
    *wakes.lock().expect("nobody panics") += 1;
    woken.notify_all();
}

//! Words in shared memory on which threads sleep.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::thread::futex::{self, Flags, Timespec};

/// Sleeps while the word is `expected`, at most for `limit`; whether somebody
/// woke this thread.
pub(crate) fn wait(word: &AtomicU32, expected: u32, limit: Duration) -> bool {
    let Ok(limit) = Timespec::try_from(limit) else {
        return false;
    };
    // Without `PRIVATE`: the sleepers and wakers are different processes.
    futex::wait(word, Flags::empty(), expected, Some(&limit)).is_ok()
}

/// Wakes at most `count` threads that sleep on the word.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    // It fails only for addresses that are not mapped.
    let _ = futex::wake(word, Flags::empty(), count);
}

//! Memory: how much of it is asked for, and writing to what is shared.

#![expect(unsafe_code, reason = "does what hostile code does")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tests::{Random, system};

/// The system's allocator, and the most that was ever asked of it at once.
pub(super) struct Measured;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(
        &self,
        pointer: *mut u8,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Whatever another process claims, nothing of more than so many bytes is to be
/// set aside for it; the messages of these tests are far smaller.
const TOO_LARGE: usize = 8 << 20;

/// Panics if more was asked for at once than anything here is worth.
pub(super) fn expect_small_allocations() {
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(
        largest < TOO_LARGE,
        "{largest} bytes were asked for at once"
    );
}

/// Memory that this process shares with others, as words.
pub(super) struct Words {
    start: *const AtomicU32,
    count: usize,
    /// What belongs to the C library.
    locks: Vec<Range<usize>>,
}

// SAFETY: (1) a pointer is not `Send` by itself; (2) the mapping belongs to the
// whole process, and is reached through atomics; (3) others do the same.
unsafe impl Send for Words {}

/// The size of a `pthread_mutex_t` in words, and which of them says what kind
/// it is; a robust one that processes share and that checks for errors is 146.
const LOCK: usize = size_of::<libc::pthread_mutex_t>() / 4;
const KIND: usize = 4;
const ROBUST: u32 = 128 + 16 + 2;

impl Words {
    /// All that the library shares here, mapped once more and for ever: whoever
    /// writes to it may outlive what the library has mapped.
    pub(super) fn all() -> Vec<Words> {
        let descriptors = system::descriptors().into_iter();
        let shared =
            descriptors.filter(|(_, name)| name.starts_with("/memfd:multiproc "));
        shared
            .filter_map(|(number, _)| Words::of_descriptor(number).ok())
            .collect()
    }

    fn of_descriptor(number: u32) -> io::Result<Words> {
        let path = format!("/proc/self/fd/{number}");
        let file = File::options().read(true).write(true).open(path)?;
        let length = file.metadata()?.len() as usize;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: (1) a mapping could replace other memory; (2) the system
        // chooses the address; (3) others write to it, so no reference is made.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                protection,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut words = Words {
            start: start.cast(),
            count: length / 4,
            locks: Vec::new(),
        };
        let is_lock = |&place: &usize| {
            let word = words.word(place);
            word.is_some_and(|word| word.load(Ordering::Relaxed) == ROBUST)
        };
        words.locks = (KIND..words.count.min(4096))
            .filter(is_lock)
            .map(|place| place - KIND..place - KIND + LOCK)
            .collect();
        Ok(words)
    }

    /// How many locks lie in it.
    pub(super) fn locks(&self) -> usize {
        self.locks.len()
    }

    /// How many words there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One of the words, unless it belongs to the C library.
    pub(super) fn word(&self, place: usize) -> Option<&AtomicU32> {
        if place >= self.count || self.locks.iter().any(|lock| lock.contains(&place))
        {
            return None;
        }
        // SAFETY: (1) the pointer could leave the mapping; (2) the line above
        // checks that it does not; (3) others cannot shrink it.
        let word = unsafe { self.start.add(place) };
        // SAFETY: (1) the mapping could be gone; (2) nothing unmaps it; (3)
        // others write to the word, which is why it is an atomic.
        unsafe { word.as_ref() }
    }

    /// Changes one of the first `most` words, a little or entirely.
    pub(super) fn change_one(&self, random: &mut Random, most: usize) {
        let place = random.below(most.min(self.count) as u64) as usize;
        let Some(word) = self.word(place) else { return };
        let number = random.number() as u32;
        match random.below(5) {
            0 => word.store(number, Ordering::SeqCst),
            1 => word
                .store(if number & 1 == 0 { 0 } else { u32::MAX }, Ordering::SeqCst),
            2 => {
                word.fetch_xor(1 << (number % 32), Ordering::SeqCst);
            }
            3 => {
                word.fetch_add(number % 9, Ordering::SeqCst);
            }
            _ => {
                word.fetch_sub(number % 9, Ordering::SeqCst);
            }
        }
    }
}

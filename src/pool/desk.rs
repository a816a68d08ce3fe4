//! The memory that a pool shares with one worker.
//!
//! ```text
//!     gate           who may start which task (see gate.rs)
//!     parent's line  how far tasks are written, how far results are read
//!     worker's line  how far tasks are read, how far results are written
//!     sleepers       who waits, and for what (see sleep.rs)
//!     tasks          a ring of bytes, parent -> worker
//!     results        a ring of bytes, worker -> parent
//! ```
//!
//! Each ring has one writer and one reader. A position counts bytes since the
//! start and never wraps in practice (64 bits); the place in the ring is the
//! position modulo its size. The writer copies bytes first and then moves its
//! position (release); the reader loads the position (acquire) and then copies.
//! So a writer that is killed at any instruction has published whole prefixes
//! of what it wrote, and no lock is ever held.

#![expect(unsafe_code, reason = "copies bytes to and from shared memory")]

use std::ptr::NonNull;

use crate::atomic::{AtomicU64, Ordering};
use crate::codec;
use crate::error::Result;
use crate::mapping::Mapping;
use crate::pool::gate::Gate;
use crate::pool::line::Line;
use crate::pool::sleep::Sleepers;

/// The size of each ring in bytes.
pub(crate) const RING: usize = 256 * 1024;

/// Up to how many bytes are copied one by one (see [`codec::FEW`]); volatile,
/// so that the compiler does not make a `memcpy` of it after all.
const FEW: usize = codec::FEW + 1;

#[derive(Debug)]
#[repr(C)]
struct Head {
    gate: Line<Gate>,
    parent: Line<Positions>,
    worker: Line<Positions>,
    sleepers: Sleepers,
    /// Nanoseconds of the monotonic clock at the last start of a task.
    started_at: AtomicU64,
    /// Whether the worker is through with its initializer.
    ready: AtomicU64,
    /// Whether the worker shall end once it has nothing to do.
    closing: AtomicU64,
}

/// How far one side has come in the ring it writes and in the one it reads.
#[derive(Debug)]
#[repr(C)]
struct Positions {
    written: AtomicU64,
    read: AtomicU64,
}

/// The direction of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ring {
    Tasks,
    Results,
}

/// One worker's shared memory, as the parent or the worker sees it.
#[derive(Debug)]
pub(crate) struct Desk {
    mapping: Mapping,
    head: NonNull<Head>,
    rings: [NonNull<[u8; RING]>; 2],
}

// SAFETY: (1) pointers are not `Send` by themselves; (2) they point into the
// mapping beside them, which is `Send`, and are used as described above; (3)
// the worker has a mapping of its own.
unsafe impl Send for Desk {}

impl Desk {
    pub(crate) fn new() -> Result<Desk> {
        let desk = Desk::open(Mapping::new(size_of::<Head>() + 2 * RING)?)?;
        desk.sleepers().wake_all();
        Ok(desk)
    }

    pub(crate) fn open(mapping: Mapping) -> Result<Desk> {
        let head = mapping.at(0)?;
        let tasks = mapping.at(size_of::<Head>())?;
        let results = mapping.at(size_of::<Head>() + RING)?;
        Ok(Desk {
            mapping,
            head,
            rings: [tasks, results],
        })
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn head(&self) -> &Head {
        // SAFETY: (1) the memory could be unmapped or of another size; (2) the
        // mapping lives as long as this desk, and `at` checked the size; (3)
        // the other side writes it through the same atomics.
        unsafe { self.head.as_ref() }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.head().gate.0
    }

    /// How far `ring` is written: acquires the bytes before that position.
    pub(crate) fn written(&self, ring: Ring) -> u64 {
        self.writer(ring).written.load(Ordering::Acquire)
    }

    /// How far `ring` is read: the room before that position is free.
    pub(crate) fn read(&self, ring: Ring) -> u64 {
        self.reader(ring).read.load(Ordering::Acquire)
    }

    /// Publishes the bytes of `ring` before `position`.
    pub(crate) fn set_written(&self, ring: Ring, position: u64) {
        self.writer(ring).written.store(position, Ordering::Release);
    }

    /// Frees the room of `ring` before `position`.
    pub(crate) fn set_read(&self, ring: Ring, position: u64) {
        self.reader(ring).read.store(position, Ordering::Release);
    }

    fn writer(&self, ring: Ring) -> &Positions {
        match ring {
            Ring::Tasks => &self.head().parent.0,
            Ring::Results => &self.head().worker.0,
        }
    }

    fn reader(&self, ring: Ring) -> &Positions {
        match ring {
            Ring::Tasks => &self.head().worker.0,
            Ring::Results => &self.head().parent.0,
        }
    }

    /// Copies `bytes` into the ring, from `position` on. The caller is the
    /// ring's writer and has seen that this room is free.
    pub(crate) fn put(&self, ring: Ring, position: u64, bytes: &[u8]) {
        let place = (position % RING as u64) as usize;
        let (first, second) = bytes.split_at(bytes.len().min(RING - place));
        self.put_part(ring, place, first);
        if !second.is_empty() {
            self.put_part(ring, 0, second);
        }
    }

    #[inline]
    fn put_part(&self, ring: Ring, place: usize, bytes: &[u8]) {
        let target = self.place(ring, place, bytes.len());
        if bytes.len() <= FEW {
            for (offset, byte) in bytes.iter().enumerate() {
                // SAFETY: as below.
                let target = unsafe { target.add(offset) };
                // SAFETY: as below.
                unsafe { target.write_volatile(*byte) };
            }
            return;
        }
        // SAFETY: (1) the copy could leave the ring; (2) `place` checked that
        // it does not; (3) the other side reads this room only after
        // `set_written`, and if it does otherwise, it reads wrong bytes.
        unsafe { target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Appends `length` bytes of the ring, from `position` on, to `bytes`.
    /// The caller is the ring's reader and has seen that they are written.
    pub(crate) fn take(
        &self,
        ring: Ring,
        position: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) {
        bytes.reserve(length);
        let filled = bytes.len();
        let target = bytes.spare_capacity_mut().as_mut_ptr().cast::<u8>();
        // SAFETY: (1) the copy could leave the vector; (2) `reserve` made room
        // for all of it; (3) another process does not know the vector.
        unsafe { self.copy_out(ring, position, length, target) };
        // SAFETY: the line above filled these bytes.
        unsafe { bytes.set_len(filled + length) };
    }

    /// Copies as many bytes as an array has, as [`take`](Desk::take) does.
    #[inline]
    pub(crate) fn array_at<const N: usize>(
        &self,
        ring: Ring,
        position: u64,
    ) -> [u8; N] {
        let mut bytes = [0; N];
        // SAFETY: (1) the copy could leave the array; (2) `N` is its size; (3)
        // another process does not know the array.
        unsafe { self.copy_out(ring, position, N, bytes.as_mut_ptr()) };
        bytes
    }

    /// Copies bytes of the ring to `target`.
    ///
    /// # Safety
    ///
    /// There is room for `length` bytes at `target`.
    #[inline]
    unsafe fn copy_out(
        &self,
        ring: Ring,
        position: u64,
        length: usize,
        target: *mut u8,
    ) {
        let place = (position % RING as u64) as usize;
        let first = length.min(RING - place);
        let source = self.place(ring, place, first);
        if first == length {
            // SAFETY: (1) the copy could leave the ring or the target; (2)
            // `place` checked the first, the caller promises the second; (3)
            // the other side writes this room again only after `set_read`, and
            // if it does otherwise, the bytes are wrong and decoded with care.
            unsafe { target.copy_from_nonoverlapping(source, length) };
            return;
        }
        // SAFETY: as above.
        unsafe { target.copy_from_nonoverlapping(source, first) };
        let source = self.place(ring, 0, length - first);
        // SAFETY: (1) the pointer could leave the target; (2) `first` is less
        // than `length`, for which there is room.
        let target = unsafe { target.add(first) };
        // SAFETY: as above.
        unsafe { target.copy_from_nonoverlapping(source, length - first) };
    }

    /// A pointer to `length` bytes of a ring.
    fn place(&self, ring: Ring, place: usize, length: usize) -> *mut u8 {
        assert!(place <= RING && length <= RING - place, "inside the ring");
        let start = self.rings[ring as usize].as_ptr().cast::<u8>();
        // SAFETY: (1) the pointer could leave the ring; (2) the assertion
        // above; (3) the mapping's size is sealed.
        unsafe { start.add(place) }
    }

    /// Who of the two sleeps.
    pub(crate) fn sleepers(&self) -> &Sleepers {
        &self.head().sleepers
    }

    // ---- the parent's side

    /// Says that the parent sleeps: see [`Sleepers::want`].
    pub(crate) fn want(
        &self,
        position: u64,
        there_is_work: impl Fn() -> bool,
    ) -> bool {
        let written = || self.written(Ring::Results);
        let sleepers = self.sleepers();
        sleepers.want(self.gate(), position, written, there_is_work)
    }

    /// When the worker's task was started, by the monotonic clock.
    pub(crate) fn started_at(&self) -> u64 {
        self.head().started_at.load(Ordering::Relaxed)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.head().ready.load(Ordering::Relaxed) != 0
    }

    /// Tells the worker to end once it has nothing to do.
    pub(crate) fn close(&self) {
        self.head().closing.store(1, Ordering::Release);
    }

    // ---- the worker's side

    pub(crate) fn set_started_at(&self, nanoseconds: u64) {
        self.head().started_at.store(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn set_ready(&self) {
        self.head().ready.store(1, Ordering::Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.head().closing.load(Ordering::Acquire) != 0
    }
}

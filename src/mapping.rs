//! Memory that several processes share: the only place that maps any.

#![expect(unsafe_code, reason = "maps memory that other processes write")]

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{Advice, MapFlags, ProtFlags};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::packet::memory_file;

/// A file in memory, mapped, that nobody can shrink or grow.
///
/// The file has no name, so nothing is left behind when its last holder dies,
/// however it dies; and because it is sealed, no other process can cut it off
/// under this one's mapping, which would be a `SIGBUS` at the next access.
/// Clones share the mapping; sending one to another process lets that process
/// map the same memory, at an address of its own.
///
/// Other processes write to this memory at any time, so it is reached through
/// raw pointers and atomics only; a reference into it may exist only while a
/// lock keeps the others away.
#[derive(Clone, Debug)]
pub(crate) struct Mapping(Arc<Region>);

#[derive(Debug)]
struct Region {
    file: Handle,
    pointer: NonNull<u8>,
    length: usize,
}

// SAFETY: (1) a pointer is not `Send` because what it points to may be bound
// to a thread; (2) a mapping belongs to the whole process, and its users reach
// it through atomics or under a lock; (3) what other processes do is the same
// for every thread of this one.
unsafe impl Send for Region {}
// SAFETY: as for `Send`: sharing the pointer gives nobody a reference.
unsafe impl Sync for Region {}

impl Mapping {
    /// Makes `length` bytes of zeroes, at least one.
    pub(crate) fn new(length: usize) -> Result<Mapping> {
        let file = memory_file("multiproc", length, MemfdFlags::ALLOW_SEALING)
            .map_err(Error::io("make shared memory"))?;
        rustix::fs::ftruncate(&file, length.max(1) as u64)
            .map_err(Error::io("size shared memory"))?;
        rustix::fs::fcntl_add_seals(
            &file,
            SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
        )
        .map_err(Error::io("seal shared memory"))?;
        Mapping::from_file(Handle::new(file))
    }

    /// Maps a file that came from another process, once it is known that
    /// nobody can shrink it any more.
    fn from_file(file: Handle) -> Result<Mapping> {
        let seals = rustix::fs::fcntl_get_seals(&file)
            .map_err(|_| Error::corrupt("sealed shared memory"))?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(Error::corrupt("sealed shared memory"));
        }
        let status = rustix::fs::fstat(&file)
            .map_err(Error::io("ask for the size of shared memory"))?;
        let length = usize::try_from(status.st_size).unwrap_or(0);
        if length == 0 {
            return Err(Error::corrupt("shared memory with a size"));
        }
        // SAFETY: (1) a mapping could replace other memory of this process;
        // (2) the kernel chooses the address, as the first argument is null;
        // (3) others may write to the file, which is why no reference is made.
        let pointer = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                length,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file.as_fd(),
                0,
            )
        }
        .map_err(Error::io("map shared memory"))?;
        let pointer = NonNull::new(pointer.cast::<u8>())
            .ok_or(Error::corrupt("a mapping at an address"))?;
        Ok(Mapping(Arc::new(Region {
            file,
            pointer,
            length,
        })))
    }

    /// Keeps the memory from copies of this process: one that a `fork` makes, and
    /// that uses it all the same, ends by `SIGSEGV`.
    pub(crate) fn keep_from_copies(&self) {
        let (start, length) = (self.pointer().as_ptr(), self.length());
        // SAFETY: (1) a copy that uses the memory crashes; (2) that is what this
        // is for; (3) in other processes, and in this one, nothing changes.
        let kept = unsafe {
            rustix::mm::madvise(start.cast(), length, Advice::LinuxDontFork)
        };
        debug_assert!(kept.is_ok(), "this region is mapped");
    }

    /// The first byte, aligned to a page.
    pub(crate) fn pointer(&self) -> NonNull<u8> {
        self.0.pointer
    }

    /// The size in bytes.
    pub(crate) fn length(&self) -> usize {
        self.0.length
    }

    /// A pointer to a `T` at `offset`, which must be aligned and inside.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when the mapping is too small for it.
    pub(crate) fn at<T>(&self, offset: usize) -> Result<NonNull<T>> {
        let end = offset.checked_add(size_of::<T>());
        if end.is_none_or(|end| end > self.length())
            || !offset.is_multiple_of(align_of::<T>())
        {
            return Err(Error::corrupt("shared memory of the right size"));
        }
        // SAFETY: (1) the pointer could leave the mapping; (2) the line above
        // checked that it does not; (3) the size is sealed.
        let pointer = unsafe { self.pointer().add(offset) };
        Ok(pointer.cast())
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: (1) somebody could still use the memory; (2) whoever does
        // holds the `Arc` around this region; (3) others have mappings of
        // their own.
        let unmapped =
            unsafe { rustix::mm::munmap(self.pointer.as_ptr().cast(), self.length) };
        debug_assert!(unmapped.is_ok(), "this region was mapped");
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.file.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Mapping::from_file(Handle::deserialize(deserializer)?)
            .map_err(D::Error::custom)
    }
}

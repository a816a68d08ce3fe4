//! Shared memory of one type: a header that says what it is, a state, a tail.

#![expect(unsafe_code, reason = "reaches into memory that processes share")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::mapping::Mapping;

/// What can be the state of shared memory.
///
/// # Safety
///
/// State and tail are `repr(C)` or `repr(transparent)`, any bytes are valid
/// values of them, and whatever changes after `initialize` is atomic or in an
/// `UnsafeCell`: other processes change it while this one holds a reference.
pub(crate) unsafe trait State: Sync + Sized {
    /// What follows the state, any number of times.
    type Tail: Sync;

    /// Names the type and its layout's version, so that a process cannot take
    /// one object's memory for another's.
    const KIND: [u8; 8];

    /// How many tail elements there are for these sizes; `None` when the sizes
    /// are not those of this type, or too large for any memory.
    fn tail_length(_sizes: Sizes) -> Option<usize> {
        Some(0)
    }

    /// Makes the memory valid, from all zeroes.
    fn initialize(_memory: &Memory<Self>) -> Result<()> {
        Ok(())
    }

    /// Whether this process holds a lock in the memory.
    fn is_held(_memory: &Memory<Self>) -> bool {
        false
    }
}

/// Two numbers that never change; each kind of object has its own use for them.
pub(crate) type Sizes = [u64; 2];

/// Memory with a state; clones share it inside this process, and sending it
/// lets another process map the same memory.
pub(crate) struct Shared<S: State>(Arc<Memory<S>>);

/// The mapping, and where the parts of it are.
pub(crate) struct Memory<S: State> {
    mapping: ManuallyDrop<Mapping>,
    state: NonNull<S>,
    tail: NonNull<S::Tail>,
    tail_length: usize,
    sizes: Sizes,
}

#[repr(C, align(64))]
struct Header {
    kind: AtomicU64,
    sizes: [AtomicU64; 2],
}

// SAFETY: (1) the pointers could lead to data bound to a thread; (2) they lead
// into the mapping, which is `Send`, and state and tail are `Sync`, made to be
// used from everywhere; (3) other processes do the same.
unsafe impl<S: State> Send for Memory<S> {}
// SAFETY: as for `Send`.
unsafe impl<S: State> Sync for Memory<S> {}

impl<S: State> Shared<S> {
    pub(crate) fn new(sizes: Sizes) -> Result<Shared<S>> {
        let length = Memory::<S>::length(sizes)
            .ok_or(Errno::NOMEM)
            .map_err(Error::io("make shared memory of that size"))?;
        let memory = Memory::view(Mapping::new(length)?, sizes)?;
        S::initialize(&memory)?;
        let header = header(&memory.mapping)?;
        for (word, size) in header.sizes.iter().zip(sizes) {
            word.store(size, Ordering::Relaxed);
        }
        let kind = u64::from_ne_bytes(S::KIND);
        header.kind.store(kind, Ordering::Release);
        Ok(Shared(Arc::new(memory)))
    }

    /// Takes memory from another process, once it is known to be of this type.
    fn open(mapping: Mapping) -> Result<Shared<S>> {
        let corrupt = Error::corrupt("shared memory of the expected type");
        let header = header(&mapping)?;
        if header.kind.load(Ordering::Acquire) != u64::from_ne_bytes(S::KIND) {
            return Err(corrupt);
        }
        // Read once: whoever changes them later changes nothing here.
        let sizes = [0, 1].map(|i: usize| header.sizes[i].load(Ordering::Relaxed));
        if Memory::<S>::length(sizes) != Some(mapping.length()) {
            return Err(corrupt);
        }
        Ok(Shared(Arc::new(Memory::view(mapping, sizes)?)))
    }
}

impl<S: State> Memory<S> {
    const STATE: usize = {
        assert!(align_of::<S>() <= 4096, "a mapping is aligned to a page");
        assert!(align_of::<S::Tail>() <= 4096, "as above");
        size_of::<Header>().next_multiple_of(align_of::<S>())
    };
    const TAIL: usize =
        { (Self::STATE + size_of::<S>()).next_multiple_of(align_of::<S::Tail>()) };

    fn length(sizes: Sizes) -> Option<usize> {
        let tail = S::tail_length(sizes)?.checked_mul(size_of::<S::Tail>())?;
        let length = Self::TAIL.checked_add(tail)?;
        (length <= isize::MAX as usize).then_some(length)
    }

    /// Finds the parts of the mapping, whose length is that for `sizes`.
    fn view(mapping: Mapping, sizes: Sizes) -> Result<Memory<S>> {
        Ok(Memory {
            state: mapping.at::<S>(Self::STATE)?,
            tail: mapping.at::<[S::Tail; 0]>(Self::TAIL)?.cast(),
            tail_length: S::tail_length(sizes).unwrap_or(0),
            sizes,
            mapping: ManuallyDrop::new(mapping),
        })
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    pub(crate) fn tail(&self) -> &[S::Tail] {
        // SAFETY: (1) the slice could leave the mapping, or alias a `&mut`;
        // (2) the mapping's length was computed from the same sizes, it is
        // sealed and lives as long as `self`, and no `&mut` is made; (3) others
        // change only atomics and cells.
        unsafe { slice::from_raw_parts(self.tail.as_ptr(), self.tail_length) }
    }
}

impl<S: State> Deref for Memory<S> {
    type Target = S;

    fn deref(&self) -> &S {
        // SAFETY: as for `tail`; that the state lies inside was checked by `at`.
        unsafe { self.state.as_ref() }
    }
}

impl<S: State> Deref for Shared<S> {
    type Target = Memory<S>;

    fn deref(&self) -> &Memory<S> {
        &self.0
    }
}

impl<S: State> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<S: State> fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.mapping.pointer())
    }
}

impl<S: State> Drop for Memory<S> {
    /// Unmaps the memory, unless a guard was forgotten (`std::mem::forget`).
    ///
    /// The C library keeps a list of the locks that a thread holds, and the
    /// list runs through this memory: with a lock in the list, it must stay.
    fn drop(&mut self) {
        if !S::is_held(self) {
            // SAFETY: (1) nobody may use the field afterwards; (2) this is
            // `drop`, and it happens once; (3) others have their own mappings.
            unsafe { ManuallyDrop::drop(&mut self.mapping) };
        }
    }
}

fn header(mapping: &Mapping) -> Result<&Header> {
    let header = mapping.at::<Header>(0)?;
    // SAFETY: (1) the header could lie outside of the mapping; (2) `at` checked
    // that it does not, and the mapping outlives the borrow; (3) others change
    // only its atomics.
    Ok(unsafe { header.as_ref() })
}

impl<S: State> Serialize for Shared<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.mapping.serialize(serializer)
    }
}

impl<'de, S: State> Deserialize<'de> for Shared<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Shared::open(Mapping::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::{decode_with_handles, encode_with_handles};
    use std::os::fd::AsFd;
    use std::sync::atomic::AtomicU8;

    #[repr(C)]
    struct Numbers {
        number: AtomicU64,
    }

    // SAFETY: all of it is atomic.
    unsafe impl State for Numbers {
        type Tail = AtomicU8;
        const KIND: [u8; 8] = *b"test   1";
        fn tail_length(sizes: Sizes) -> Option<usize> {
            sizes[0].try_into().ok()
        }
        fn initialize(memory: &Memory<Self>) -> Result<()> {
            memory.number.store(7, Ordering::Relaxed);
            Ok(())
        }
    }

    /// Sends `mapping` to this process, as if it were another.
    fn sent<S: State>(mapping: &Mapping) -> Result<Shared<S>> {
        let mut bytes = Vec::new();
        let handles = encode_with_handles(mapping, &mut bytes)?;
        let copy = handles[0].as_fd().try_clone_to_owned().expect("a copy");
        decode_with_handles(&bytes, vec![copy])
    }

    #[test]
    fn another_mapping_shows_the_same_memory() {
        let here = Shared::<Numbers>::new([3, 0]).expect("there is memory");
        let there: Shared<Numbers> = sent(&here.mapping).expect("travels");
        there.number.store(8, Ordering::SeqCst);
        there.tail()[2].store(9, Ordering::SeqCst);
        assert_eq!(here.number.load(Ordering::SeqCst), 8);
        assert_eq!(here.tail()[2].load(Ordering::SeqCst), 9);
        assert_eq!(here.tail().len(), 3);
    }

    #[test]
    fn memory_that_claims_to_be_something_else_is_refused() {
        let here = Shared::<Numbers>::new([3, 0]).expect("there is memory");
        let header = header(&here.mapping).expect("there is one");
        header.sizes[0].store(1 << 40, Ordering::SeqCst);
        assert!(sent::<Numbers>(&here.mapping).is_err());
        header.sizes[0].store(u64::MAX, Ordering::SeqCst);
        assert!(sent::<Numbers>(&here.mapping).is_err());
        header.sizes[0].store(3, Ordering::SeqCst);
        assert!(sent::<Numbers>(&here.mapping).is_ok());
        header.kind.store(1, Ordering::SeqCst);
        assert!(sent::<Numbers>(&here.mapping).is_err());
        let tiny = Mapping::new(1).expect("there is memory");
        assert!(sent::<Numbers>(&tiny).is_err());
    }
}

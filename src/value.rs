//! One value that processes share.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytemuck::Pod;
use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::Result;
use crate::lock::{Hold, LockResult, TryLockResult, warned};
use crate::robust::RobustMutex;
use crate::shared::{Memory, Shared, Sizes, State};

// The bytes of an integer must be those of the low end of its word.
const _: () = assert!(cfg!(target_endian = "little"));

/// A value of plain data in memory that processes share, with its lock.
///
/// `T` is any [`Pod`] type: numbers, arrays of them, and structs that derive
/// it. A type with a forbidden bit pattern (`bool`, `char`, an enum) or with a
/// pointer (`String`, `&str`) is refused at compile time, since another process
/// could write any bytes, and could not follow a pointer.
///
/// Integers have atomic operations as well ([`fetch_add`](Value::fetch_add) and
/// others), which need no lock. They and the lock know nothing of each other:
/// a value is changed in the one way or in the other.
///
/// Unlike Python's `Value`, which is changed through `value.value`, with or
/// without its lock, this one is changed under its lock or atomically. Two
/// calls are still two calls: what another process sets between
/// [`get`](Value::get) and [`set`](Value::set) is lost.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Process, Result, Value};
///
/// fn approximate(pi: Value<f64>) -> Result<(), String> {
///     let mut guard = pi.lock().map_err(|error| error.to_string())?;
///     *guard = 3.1416;
///     Ok(())
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let pi = Value::new(0.0)?;
///     Process::spawn(approximate, pi.clone())?.join()?.expect("no lock");
///     assert_eq!(pi.get()?, 3.1416);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Value<T: Pod>(Shared<Guarded<T>>);

/// The lock; the value follows it, in words.
#[repr(C)]
struct Guarded<T> {
    lock: RobustMutex,
    value: PhantomData<fn() -> T>,
}

// SAFETY: it is `repr(C)`, the lock is a `State` itself, the words are atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl<T: Pod> State for Guarded<T> {
    type Tail = AtomicU64;
    const KIND: [u8; 8] = *b"value  1";

    fn tail_length(sizes: Sizes) -> Option<usize> {
        let words = size_of::<T>().div_ceil(size_of::<u64>());
        (sizes == [size_of::<T>() as u64, align_of::<T>() as u64]).then_some(words)
    }

    fn initialize(memory: &Memory<Self>) -> Result<()> {
        memory.lock.initialize()
    }

    fn is_held(memory: &Memory<Self>) -> bool {
        memory.lock.is_held()
    }
}

/// Holds the lock of a [`Value`] and works on the value.
///
/// What it changes appears to others all at once when it is dropped, and not at
/// all when its process is killed or panics before: then the lock is poisoned,
/// and the value is what it was. Only a process that is killed in the very act of
/// publishing leaves a value of more than eight bytes half changed, and the lock
/// poisoned.
///
/// # Examples
///
/// ```
/// # fn main() -> multiproc::Result<()> {
/// let position = multiproc::Value::new([0.0, 0.0])?;
/// let mut guard = position.lock()?;
/// guard[0] = 1.5;
/// guard[1] = 2.5;
/// drop(guard);
/// assert_eq!(position.get()?, [1.5, 2.5]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct ValueGuard<'a, T: Pod> {
    pub(crate) value: &'a Value<T>,
    hold: Hold<'a>,
    copy: T,
    changed: bool,
}

impl<T: Pod> Value<T> {
    /// Puts `value` into shared memory.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) when the system has no memory or
    /// descriptor for it.
    pub fn new(value: T) -> Result<Value<T>> {
        let sizes = [size_of::<T>() as u64, align_of::<T>() as u64];
        let shared = Value(Shared::new(sizes)?);
        shared.write(&value);
        Ok(shared)
    }

    /// Waits until nobody else holds the lock, and takes it.
    ///
    /// # Errors
    ///
    /// [`LockError::Poisoned`](crate::LockError::Poisoned), with the guard,
    /// after a holder died or panicked;
    /// [`Error::Deadlock`](crate::Error::Deadlock) when this thread holds the
    /// lock.
    #[doc(alias = "get_lock")]
    pub fn lock(&self) -> LockResult<ValueGuard<'_, T>> {
        Hold::wait(&self.0.lock)?.warned(|hold| self.guard(hold))
    }

    /// Takes the lock if nobody holds it; `None` if somebody does.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Value::lock).
    pub fn try_lock(&self) -> TryLockResult<ValueGuard<'_, T>> {
        self.lock_timeout(Duration::ZERO)
    }

    /// Waits at most `timeout` for the lock; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Value::lock).
    pub fn lock_timeout(
        &self,
        timeout: Duration,
    ) -> TryLockResult<ValueGuard<'_, T>> {
        let hold = Hold::wait_until(&self.0.lock, Deadline::after(timeout))?;
        warned(hold, |hold| self.guard(hold))
    }

    /// Returns a copy of the value, read under the lock.
    ///
    /// # Errors
    ///
    /// [`Error::Poisoned`](crate::Error::Poisoned) after a holder died; else as
    /// for [`lock`](Value::lock).
    pub fn get(&self) -> Result<T> {
        Ok(*self.lock()?)
    }

    /// Replaces the value, under the lock.
    ///
    /// # Errors
    ///
    /// As for [`get`](Value::get); then the value is unchanged.
    pub fn set(&self, value: T) -> Result<()> {
        *self.lock()? = value;
        Ok(())
    }

    fn guard<'a>(&'a self, hold: Hold<'a>) -> ValueGuard<'a, T> {
        ValueGuard {
            value: self,
            hold,
            copy: self.read(),
            changed: false,
        }
    }

    fn read(&self) -> T {
        let mut value = T::zeroed();
        let bytes = bytemuck::bytes_of_mut(&mut value);
        for (part, word) in bytes.chunks_mut(8).zip(self.0.tail()) {
            let word = word.load(Ordering::Relaxed).to_ne_bytes();
            part.copy_from_slice(&word[..part.len()]);
        }
        value
    }

    fn write(&self, value: &T) {
        let bytes = bytemuck::bytes_of(value);
        for (part, word) in bytes.chunks(8).zip(self.0.tail()) {
            let mut padded = [0; 8];
            padded[..part.len()].copy_from_slice(part);
            word.store(u64::from_ne_bytes(padded), Ordering::Relaxed);
        }
    }
}

/// The integers, which fit into a word and so can be changed atomically.
///
/// # Examples
///
/// ```
/// use multiproc::{Integer, Result, Value};
///
/// fn take_all<T: Integer>(count: &Value<T>, none: T) -> T {
///     count.fetch_update(|_| none)
/// }
///
/// # fn main() -> Result<()> {
/// let count = Value::new(7_u8)?;
/// assert_eq!((take_all(&count, 0), count.load()), (7, 0));
/// # Ok(())
/// # }
/// ```
pub trait Integer: Pod + sealed::Word {}

mod sealed {
    /// Arithmetic on a word, cut to the type's width, is the type's own.
    pub trait Word {
        fn to_word(self) -> u64;
        fn from_word(word: u64) -> Self;
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Integer for $integer {}
        impl sealed::Word for $integer {
            fn to_word(self) -> u64 {
                self as u64
            }
            fn from_word(word: u64) -> Self {
                word as $integer
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

/// Without the lock: each call is one step that no other process can split.
impl<T: Integer> Value<T> {
    /// Returns the value.
    pub fn load(&self) -> T {
        T::from_word(self.word().load(Ordering::SeqCst))
    }

    /// Replaces the value.
    pub fn store(&self, value: T) {
        self.word().store(value.to_word(), Ordering::SeqCst);
    }

    /// Adds `number`, wrapping around, and returns the value before.
    pub fn fetch_add(&self, number: T) -> T {
        T::from_word(self.word().fetch_add(number.to_word(), Ordering::SeqCst))
    }

    /// Subtracts `number`, wrapping around, and returns the value before.
    pub fn fetch_sub(&self, number: T) -> T {
        T::from_word(self.word().fetch_sub(number.to_word(), Ordering::SeqCst))
    }

    /// Replaces the value by what `change` makes of it, and returns the value
    /// before.
    ///
    /// `change` is called again when another process was faster.
    #[doc(alias = "compare_exchange")]
    pub fn fetch_update(&self, mut change: impl FnMut(T) -> T) -> T {
        let mut before = self.word().load(Ordering::SeqCst);
        loop {
            let after = change(T::from_word(before)).to_word();
            let exchanged = self.word().compare_exchange_weak(
                before,
                after,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            match exchanged {
                Ok(before) => return T::from_word(before),
                Err(now) => before = now,
            }
        }
    }

    fn word(&self) -> &AtomicU64 {
        &self.0.tail()[0]
    }
}

impl<T: Pod> ValueGuard<'_, T> {
    /// Says that the value is in order again.
    pub fn mark_repaired(&self) {
        self.hold.mark_repaired();
    }
}

impl<T: Pod> Deref for ValueGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.copy
    }
}

impl<T: Pod> DerefMut for ValueGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.copy
    }
}

impl<T: Pod> Drop for ValueGuard<'_, T> {
    /// Publishes the value; the lock is released after it, with the fields.
    fn drop(&mut self) {
        if self.changed && !self.hold.is_panicking() {
            self.value.write(&self.copy);
        }
    }
}

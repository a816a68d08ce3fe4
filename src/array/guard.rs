//! A part of an array while it is locked.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};
use std::slice;
use std::sync::atomic::Ordering;

use bytemuck::Pod;

use crate::lock::Hold;

use super::{Array, Element, GIVEN_UP, Slot};

/// Holds an [`Array`] or a part of it: the slice of its elements.
///
/// # Examples
///
/// ```
/// # fn main() -> multiproc::Result<()> {
/// let array = multiproc::Array::from_slice(&[3, 1, 2])?;
/// array.lock()?.sort();
/// assert_eq!(array.lock_range(1..)?[..], [2, 3]);
/// # Ok(())
/// # }
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct ArrayGuard<'a, T: Pod> {
    pub(crate) array: &'a Array<T>,
    pub(crate) range: Range<usize>,
    pub(super) slot: &'a Slot,
    pub(super) hold: Hold<'a>,
}

impl<T: Pod> ArrayGuard<'_, T> {
    /// Says that the whole array is in order again.
    pub fn mark_repaired(&self) {
        for slot in self.array.used_slots() {
            slot.holder.mark_repaired();
        }
    }

    fn elements(&self) -> &[Element<T>] {
        &self.array.0.tail()[self.range.clone()]
    }
}

impl<T: Pod> Deref for ArrayGuard<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let elements = self.elements();
        // SAFETY: (1) somebody could change the elements meanwhile; (2) this
        // guard's slot holds them, and `&self` keeps this thread from changing
        // them; (3) other processes wait for the slot.
        unsafe { slice::from_raw_parts(elements.as_ptr().cast(), elements.len()) }
    }
}

impl<T: Pod> DerefMut for ArrayGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let elements = self.elements();
        let first = elements.as_ptr().cast::<T>().cast_mut();
        // SAFETY: as for `deref`; `&mut self` makes this the only reference,
        // and the elements are in `UnsafeCell`s.
        unsafe { slice::from_raw_parts_mut(first, elements.len()) }
    }
}

impl<T: Pod> Drop for ArrayGuard<'_, T> {
    /// Gives the part up; then the fields are dropped, and the slot's lock with
    /// them, which wakes who waits for it.
    fn drop(&mut self) {
        if !self.hold.is_panicking() {
            self.slot.end.store(0, Ordering::Release);
        }
        GIVEN_UP.set(self.slot);
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for ArrayGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

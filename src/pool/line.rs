//! Keeping apart in memory what different processes write.

/// Keeps what one side writes away from the cache lines of the other.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

//! The atomics that lock-free code uses, named in one place.
//!
//! The model checker replaces this module by its own atomics, so that the very
//! same files are run by the library and by the checker.

pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

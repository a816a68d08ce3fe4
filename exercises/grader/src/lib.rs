//! Grades the exercises by asking the kernel.

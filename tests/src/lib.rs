//! The library from outside, and the faults it survives.

//! Misconception: a program that ends well has done its work.
//! Loses: done panicked exited killed at_once status clean
//! Told: without one answer

fn main() {}

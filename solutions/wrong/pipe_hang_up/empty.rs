//! Misconception: a program that ends well has done its work.
//! Loses: right team reader killed clean
//! Told: without one answer

fn main() {}

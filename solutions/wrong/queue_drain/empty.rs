//! Misconception: a program that ends well has done its work.
//! Loses: large team clean
//! Told: without one answer

fn main() {}

//! Misconception: a program that ends well has done its work.
//! Loses: right bound room clean
//! Told: without one answer

fn main() {}

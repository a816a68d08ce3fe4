//! Misconception: a program that ends well has done its work.
//! Loses: team right killed clean
//! Told: without one answer

fn main() {}

//! Misconception: a program that ends well has done its work.
//! Loses: right at_once small clean
//! Told: without one answer

fn main() {}

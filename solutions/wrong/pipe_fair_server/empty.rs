//! Misconception: a program that ends well has done its work.
//! Loses: right fair idle killed clean
//! Told: without one answer

fn main() {}

//! Misconception: a program that ends well has done its work.
//! Loses: reply worker end killed clean
//! Told: without one answer

fn main() {}

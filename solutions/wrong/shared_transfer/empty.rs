//! Misconception: a program that ends well has done its work.
//! Loses: right whole audit crossing clean
//! Told: without one answer

fn main() {}

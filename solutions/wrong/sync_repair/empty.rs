//! Misconception: a program that ends well has done its work.
//! Loses: right alone repaired marked clean
//! Told: without one answer

fn main() {}

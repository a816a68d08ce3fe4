//! Misconception: a program that ends well has done its work.
//! Loses: right wait team shared end clean
//! Told: without one answer

fn main() {}

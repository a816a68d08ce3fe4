//! Misconception: a program that ends well has done its work.
//! Loses: right between before marked clean
//! Told: ended too early

fn main() {}

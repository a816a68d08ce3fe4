//! Misconception: a program that ends well has done its work.
//! Loses: right parallel survives unreadable clean
//! Told: without one answer

fn main() {}

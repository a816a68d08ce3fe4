//! Misconception: a program that ends well has done its work.
//! Loses: whole terminated interrupted killed helper
//! Told: without one answer

fn main() {}

//! Misconception: a program that ends well has done its work.
//! Loses: right team balance once clean
//! Told: without one answer

fn main() {}

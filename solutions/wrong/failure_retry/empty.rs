//! Misconception: a program that ends well has done its work.
//! Loses: done retried gives_up panicked others calm clean
//! Told: 0 attempts

fn main() {}

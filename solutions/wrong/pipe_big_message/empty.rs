//! Misconception: a program that ends well has done its work.
//! Loses: small large child killed clean
//! Told: without one answer

fn main() {}

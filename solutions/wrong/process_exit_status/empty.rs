//! Misconception: what compiles and exits with 0 has passed.
//! Loses: returned code signal at_once slow
//! Told: without one answer
//! Told: ended too early

fn main() {}

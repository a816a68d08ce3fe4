//! Misconception: what compiles and exits with 0 has passed.
//! Loses: right elsewhere once
//! Told: without one answer

fn main() {}

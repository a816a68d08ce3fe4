//! Misconception: what compiles and exits with 0 has passed.
//! Loses: one right workers at_once others named once clean
//! Told: without one answer

fn main() {}

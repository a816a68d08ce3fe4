//! Misconception: what compiles and exits with 0 has passed.
//! Loses: right clean at_once calm early failure missing
//! Told: without one answer
//! Told: ended too early

fn main() {}

//! Misconception: what compiles and exits with 0 has passed.
//! Loses: in_time at_once calm ended others clean
//! Told: without one answer
//! Told: ended too early

fn main() {}

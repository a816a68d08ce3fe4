//! The numbers one after another, then shared by rayon's threads.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_threads`

use rayon::prelude::*;
use std::time::Instant;

const FIRST: u64 = 1_000_000_000_001;
const COUNT: usize = 50;

/// The smallest factor above 1: the number itself when it is prime.
fn smallest_factor(number: u64) -> u64 {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .find(|divisor| number.is_multiple_of(*divisor))
        .unwrap_or(number)
}

fn main() {
    let numbers: Vec<u64> = (FIRST..).step_by(2).take(COUNT).collect();

    // ANCHOR: alone
    let start = Instant::now();
    let alone: Vec<u64> = numbers.iter().map(|n| smallest_factor(*n)).collect();
    println!("one thread took {:?}", start.elapsed());
    // ANCHOR_END: alone

    // ANCHOR: threads
    let start = Instant::now();
    let together: Vec<u64> =
        numbers.par_iter().map(|n| smallest_factor(*n)).collect();
    println!("several threads took {:?}", start.elapsed());
    // ANCHOR_END: threads

    println!("the same factors in the same order: {}", alone == together);
}

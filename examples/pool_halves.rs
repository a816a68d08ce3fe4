//! Two processes, half of the numbers each: one of them ends early and idles.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_halves`

use multiproc::{Process, Result};
use std::time::{Duration, Instant};

const FIRST: u64 = 1_000_000_000_001;
const COUNT: usize = 50;

// ANCHOR: work
/// The smallest factor above 1: the number itself when it is prime.
fn smallest_factor(number: u64) -> u64 {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .find(|divisor| number.is_multiple_of(*divisor))
        .unwrap_or(number)
}

/// The primes among `count` odd numbers from `first` on, and the time they took.
fn find_primes((first, count): (u64, usize)) -> (Vec<u64>, Duration) {
    let start = Instant::now();
    let primes = (first..)
        .step_by(2)
        .take(count)
        .filter(|number| smallest_factor(*number) == *number)
        .collect();
    (primes, start.elapsed())
}
// ANCHOR_END: work

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: halves
    let half = COUNT / 2;
    let lower = Process::spawn(find_primes, (FIRST, half))?;
    let upper = Process::spawn(find_primes, (FIRST + 2 * half as u64, half))?;
    for (name, process) in [("lower", lower), ("upper", upper)] {
        let (primes, time) = process.join()?;
        println!(
            "{name} half: {} of {half} are prime, took {time:?}",
            primes.len()
        );
    }
    // ANCHOR_END: halves
    Ok(())
}

//! Each worker makes a table of primes once, and uses it in all its tasks.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_initializer`

use multiproc::{Pool, Result};
use std::sync::OnceLock;

const FIRST: u64 = 1_000_000_000_001;
const COUNT: usize = 50;

// ANCHOR: initializer
/// The worker's own table. Each process has its own copy of a static.
static PRIMES: OnceLock<Vec<u64>> = OnceLock::new();

/// Fills the table with the primes up to `limit`: the sieve of Eratosthenes.
fn make_table(limit: usize) {
    let mut is_prime = vec![true; limit + 1];
    for number in 2..=limit.isqrt() {
        if is_prime[number] {
            for multiple in (number * number..=limit).step_by(number) {
                is_prime[multiple] = false;
            }
        }
    }
    let primes = (2..=limit).filter(|number| is_prime[*number]);
    PRIMES.get_or_init(|| primes.map(|number| number as u64).collect());
}
// ANCHOR_END: initializer

// ANCHOR: task
/// The smallest factor above 1, sought among primes only.
fn smallest_factor(number: u64) -> u64 {
    let primes = PRIMES.get().expect("the initializer has run");
    let factor = primes.iter().find(|prime| number.is_multiple_of(**prime));
    factor.copied().unwrap_or(number)
}

fn main() -> Result<()> {
    multiproc::init();
    let pool = Pool::builder()
        .workers(2)
        .initializer(make_table, 1_000_100)
        .build()?;
    let numbers = (FIRST..).step_by(2).take(COUNT);
    let factors = pool.map(smallest_factor, numbers)?;
    let large = factors.iter().filter(|factor| **factor > 1000).count();
    println!("{large} of {COUNT} numbers have no factor below 1000");
    // ANCHOR_END: task

    println!("the parent has a table: {}", PRIMES.get().is_some());
    Ok(())
}

//! The same work with a `Pool`: all results at once, or one by one in order.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_factors`

use multiproc::{Pool, Result};

const FIRST: u64 = 1_000_000_000_001;
const COUNT: usize = 50;

/// The smallest factor above 1: the number itself when it is prime.
fn smallest_factor(number: u64) -> u64 {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .find(|divisor| number.is_multiple_of(*divisor))
        .unwrap_or(number)
}

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: map
    let pool = Pool::new(2)?;
    let numbers: Vec<u64> = (FIRST..).step_by(2).take(COUNT).collect();
    let factors = pool.map(smallest_factor, numbers.iter().copied())?;

    let pairs = numbers.iter().zip(&factors);
    let primes: Vec<_> = pairs.filter(|(number, factor)| number == factor).collect();
    println!("{} of {} numbers are prime", primes.len(), numbers.len());
    // ANCHOR_END: map

    // ANCHOR: imap
    let endless = (FIRST..).step_by(2);
    let factors = pool.imap(smallest_factor, endless.clone())?;
    for (number, factor) in endless.zip(factors) {
        match factor? {
            factor if factor == number => {
                println!("{number} is the first prime");
                break; // nobody reads on, so the pool stops
            }
            factor if factor > 1000 => println!("{factor} divides {number}"),
            _ => {}
        }
    }
    // ANCHOR_END: imap

    // ANCHOR: close
    pool.close(); // waits until the workers have ended
    // ANCHOR_END: close
    Ok(())
}

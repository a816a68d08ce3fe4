//! Splits one piece of work over four processes and puts the answers together.
//!
//! Chapter: process
//! Run: `cargo run --example process_parallel`

use multiproc::Process;
use std::time::Instant;

const LIMIT: u32 = 100_000;
const PARTS: u32 = 4;

// ANCHOR: work
/// Counts the primes from `first` up to, and without, `end`.
fn count_primes((first, end): (u32, u32)) -> usize {
    (first..end).filter(|&number| is_prime(number)).count()
}

fn is_prime(number: u32) -> bool {
    number >= 2
        && (2..)
            .take_while(|divisor| divisor * divisor <= number)
            .all(|divisor| !number.is_multiple_of(divisor))
}
// ANCHOR_END: work

fn main() -> multiproc::Result<()> {
    multiproc::init();

    let start = Instant::now();
    let alone = count_primes((0, LIMIT));
    println!("one process: {alone} primes, took {:?}", start.elapsed());

    // ANCHOR: parallel
    let start = Instant::now();
    let mut processes = Vec::new();
    for part in 0..PARTS {
        let first = LIMIT / PARTS * part;
        let end = LIMIT / PARTS * (part + 1);
        // Starts the process and does not wait: all four run from here on.
        processes.push(Process::spawn(count_primes, (first, end))?);
    }

    let mut together = 0;
    for (part, process) in processes.into_iter().enumerate() {
        let count = process.join()?;
        println!("part {part}: {count} primes");
        together += count;
    }
    println!(
        "four processes: {together} primes, took {:?}",
        start.elapsed()
    );
    // ANCHOR_END: parallel
    Ok(())
}

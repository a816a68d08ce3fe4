//! Four threads of one process share a list without copying it.
//!
//! Chapter: threads
//! Run: `cargo run --example threads_scope`

use std::thread;
use std::time::Instant;

const COUNT: u32 = 100_000;
const THREADS: usize = 4;

// ANCHOR: work
fn is_prime(number: u32) -> bool {
    number >= 2
        && (2..)
            .take_while(|divisor| divisor * divisor <= number)
            .all(|divisor| !number.is_multiple_of(divisor))
}

fn count_primes(numbers: &[u32]) -> usize {
    numbers.iter().filter(|number| is_prime(**number)).count()
}
// ANCHOR_END: work

fn main() {
    // ANCHOR: alone
    let numbers: Vec<u32> = (0..COUNT).collect();
    let start = Instant::now();
    let alone = count_primes(&numbers);
    println!("one thread: {alone} primes, took {:?}", start.elapsed());
    // ANCHOR_END: alone

    // ANCHOR: scope
    let start = Instant::now();
    let together: usize = thread::scope(|scope| {
        let mut threads = Vec::new();
        for part in numbers.chunks(numbers.len() / THREADS) {
            threads.push(scope.spawn(move || count_primes(part)));
        }
        let counts = threads.into_iter().map(|thread| thread.join());
        counts.map(|count| count.expect("no thread panics")).sum()
    });
    println!(
        "{THREADS} threads: {together} primes, took {:?}",
        start.elapsed()
    );
    // ANCHOR_END: scope
}

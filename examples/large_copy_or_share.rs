//! Gives a large array to four processes: as a copy for each, and as one that
//! all of them see.
//!
//! Chapter: large
//! Run: `cargo run --release --example large_copy_or_share`

use multiproc::{Array, Process, Result};
use std::ops::Range;
use std::time::Instant;

const LENGTH: usize = 250_000;
const PROCESSES: usize = 4;

// ANCHOR: children
/// Gets all numbers, packed into a message and unpacked again, for its part.
fn sum_copy((part, numbers): (usize, Vec<f64>)) -> f64 {
    numbers[bounds(part)].iter().sum()
}

/// Gets a descriptor of the memory: the numbers stay where they are.
fn sum_shared((part, numbers): (usize, Array<f64>)) -> Result<f64> {
    let numbers = numbers.lock_range(bounds(part))?;
    Ok(numbers.iter().sum())
}
// ANCHOR_END: children

/// Where the numbers of one process begin and end.
fn bounds(part: usize) -> Range<usize> {
    let size = LENGTH / PROCESSES;
    part * size..(part + 1) * size
}

fn main() -> Result<()> {
    multiproc::init();
    let numbers: Vec<f64> = (0..LENGTH).map(|index| index as f64).collect();
    let bytes = size_of_val(numbers.as_slice());

    // ANCHOR: copy
    let start = Instant::now();
    let mut processes = Vec::new();
    for part in 0..PROCESSES {
        processes.push(Process::spawn(sum_copy, (part, numbers.clone()))?);
    }
    let mut sum = 0.0;
    for process in processes {
        sum += process.join()?;
    }
    println!("copied: the sum is {sum}, took {:?}", start.elapsed());
    println!("sent: {} bytes of numbers", PROCESSES * bytes);
    // ANCHOR_END: copy

    // ANCHOR: share
    let start = Instant::now();
    let shared = Array::from_slice(&numbers)?;
    let mut processes = Vec::new();
    for part in 0..PROCESSES {
        processes.push(Process::spawn(sum_shared, (part, shared.clone()))?);
    }
    let mut sum = 0.0;
    for process in processes {
        sum += process.join()??;
    }
    println!("shared: the sum is {sum}, took {:?}", start.elapsed());
    println!("written once: {bytes} bytes of numbers");
    // ANCHOR_END: share
    Ok(())
}

//! Misconception: a worker needs its part in memory of its own.
//! Loses: small
//! Told: of its own

use multiproc::{Array, Process};

/// The numbers to work on.
fn numbers(length: usize, first: i64) -> Vec<i64> {
    (first..).take(length).map(|number| number % 1000).collect()
}

/// The work on a part, in place.
fn square_all(part: &mut [i64]) {
    probe::point("part", part.len() as i64);
    for number in part {
        *number *= *number;
    }
}

/// A worker: squares the numbers from `start` on, up to and without `end`.
fn work((array, start, end): (Array<i64>, usize, usize)) -> multiproc::Result<()> {
    let mut part = array.lock_range(start..end)?;
    let mut copy = part.to_vec();
    square_all(&mut copy);
    part.copy_from_slice(&copy);
    Ok(())
}

/// Lets as many processes as `workers` says square the numbers, each a part of about
/// the same size.
fn square(numbers: &[i64], workers: usize) -> multiproc::Result<Array<i64>> {
    let array = Array::from_slice(numbers)?;
    let length = array.len();
    let mut processes = Vec::new();
    for worker in 0..workers {
        // The bounds meet, so the last part takes what is left over.
        let start = worker * length / workers;
        let end = (worker + 1) * length / workers;
        processes.push(Process::spawn(work, (array.clone(), start, end))?);
    }
    for process in processes {
        process.join()??;
    }
    Ok(array)
}

/// One number that differs if any of the numbers or their order does.
fn digest(numbers: &[i64]) -> i64 {
    let step = |sum: i64, number: &i64| sum.wrapping_mul(31).wrapping_add(*number);
    numbers.iter().fold(0, step)
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (length, first, workers) = probe::given((10, 1, 3));
    let squares = square(&numbers(length, first), workers)?;
    probe::answer(&digest(&squares.lock()?));
    Ok(())
}

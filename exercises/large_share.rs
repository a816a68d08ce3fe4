//! Exercise: a long list of numbers is worked on in parts, by several processes at the
//! same time. Sending each its part, and the results back, would copy everything
//! twice. Let them all work on one shared array, in place.
//!
//! Read:  the chapter on large data, "Results in place"
//! Grade: cargo grade large_share

use multiproc::{Array, Process};

/// The numbers to work on.
fn numbers(length: usize, first: i64) -> Vec<i64> {
    (first..).take(length).map(|number| number % 1000).collect()
}

/// The work on a part, in place. In here the grader looks at the memory that the
/// process has of its own.
fn square_all(part: &mut [i64]) {
    probe::point("part", part.len() as i64);
    for number in part {
        *number *= *number;
    }
}

/// A worker: squares the numbers from `start` on, up to and without `end`.
fn work((array, start, end): (Array<i64>, usize, usize)) -> multiproc::Result<()> {
    // TODO: call `square_all` on that part of the array itself, not on a copy.
    todo!("square {start}..{end} of {array:?}")
}

/// Lets as many processes as `workers` says square the numbers, each a part of about
/// the same size.
fn square(numbers: &[i64], workers: usize) -> multiproc::Result<Array<i64>> {
    // TODO: put the numbers into a shared array.
    // TODO: start the workers, each with its part, and wait for them.
    todo!("square {} numbers by {workers} processes", numbers.len())
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

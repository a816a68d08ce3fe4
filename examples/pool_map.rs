//! Squares numbers in a pool of worker processes, in the order they were given.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_map` or, with numbers of your own,
//! `cargo run --example pool_map -- 3 4 -5`

use multiproc::Pool;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::iter::successors;
use std::process::ExitCode;

// ANCHOR: square
/// Runs in a worker. `None` when the square does not fit into an `i64`.
fn square(number: i64) -> Option<i64> {
    number.checked_mul(number)
}
// ANCHOR_END: square

fn main() -> ExitCode {
    multiproc::init();

    match run(env::args_os().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let causes = successors(Some(&*problem), |&cause| cause.source());
            let causes: Vec<String> = causes.map(ToString::to_string).collect();
            eprintln!("pool_map: {}", causes.join(": "));
            ExitCode::from(2)
        }
    }
}

fn run(words: Vec<OsString>) -> Result<(), Box<dyn Error>> {
    let numbers = match words.len() {
        0 => vec![1, 2, 3, 4, 5],
        _ => words.iter().map(parse).collect::<Result<_, _>>()?,
    };

    // ANCHOR: map
    let pool = Pool::new(4)?;
    let squares = pool.map(square, numbers.iter().copied())?;
    // ANCHOR_END: map

    let squares: Vec<i64> = numbers
        .iter()
        .zip(squares)
        .map(|(number, square)| {
            square.ok_or_else(|| format!("the square of {number} is too large"))
        })
        .collect::<Result<_, _>>()?;
    println!("{squares:?}");
    Ok(())
}

fn parse(word: &OsString) -> Result<i64, String> {
    word.to_string_lossy()
        .parse()
        .map_err(|problem| format!("{word:?} is not a number to square: {problem}"))
}

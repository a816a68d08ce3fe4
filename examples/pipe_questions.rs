//! Fifty questions: a process for each of them, then one process for all.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_questions`

use multiproc::{Connection, Process, Result, pipe};
use std::time::Instant;

const QUESTIONS: u64 = 50;

// ANCHOR: per_question
fn square(number: u64) -> u64 {
    number * number
}
// ANCHOR_END: per_question

/// Answers until the parent hangs up.
fn answer_all(parent: Connection) {
    while let Ok(number) = parent.recv() {
        parent.send(&square(number)).expect("the parent listens");
    }
}

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: slow
    let start = Instant::now();
    let mut sum = 0;
    for number in 1..=QUESTIONS {
        sum += Process::spawn(square, number)?.join()?;
    }
    println!("a process for each: {sum}, took {:?}", start.elapsed());
    // ANCHOR_END: slow

    let start = Instant::now();
    let (here, there) = pipe()?;
    let process = Process::spawn(answer_all, there)?;
    let mut sum = 0;
    for number in 1..=QUESTIONS {
        here.send(&number)?;
        sum += here.recv::<u64>()?;
    }
    drop(here);
    process.join()?;
    println!("one process for all: {sum}, took {:?}", start.elapsed());
    Ok(())
}

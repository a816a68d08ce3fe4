//! A letter box for one letter: each side waits until it is its turn.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_condition`

use multiproc::{Condition, Process, Result, Value, wait};
use std::os::fd::AsFd;

/// The letter that lies in the box; 0 when the box is empty.
type LetterBox = Value<u64>;

// ANCHOR: post
fn post((letter_box, changed): (LetterBox, Condition)) -> Result<()> {
    for letter in 1..=5 {
        let guard = letter_box.lock()?;
        // Gives the lock back while it sleeps, and has it again when it returns.
        let mut guard = changed.wait_while(guard, |letter| *letter != 0)?;
        *guard = letter;
        drop(guard);
        changed.notify_one();
    }
    Ok(())
}
// ANCHOR_END: post

// ANCHOR: take
fn take((letter_box, changed): (LetterBox, Condition)) -> Result<()> {
    for _ in 1..=5 {
        let guard = letter_box.lock()?;
        let mut guard = changed.wait_while(guard, |letter| *letter == 0)?;
        println!("letter {}", *guard);
        *guard = 0;
        drop(guard);
        changed.notify_one();
    }
    Ok(())
}
// ANCHOR_END: take

fn main() -> Result<()> {
    multiproc::init();

    let (letter_box, changed) = (Value::new(0)?, Condition::new()?);
    let argument = (letter_box, changed);
    let mut processes = vec![
        Process::spawn(post, argument.clone())?,
        Process::spawn(take, argument)?,
    ];
    // Joins whichever ends first. If that one has died, the other one would wait for
    // ever; the error that we return here ends it.
    while !processes.is_empty() {
        let watched: Vec<&dyn AsFd> =
            processes.iter().map(|each| each as _).collect();
        let ended = wait(&watched, None)?[0];
        processes.remove(ended).join()??;
    }
    Ok(())
}

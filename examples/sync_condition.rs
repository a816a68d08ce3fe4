//! A letter box for one letter: each side waits until it is its turn.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_condition`

use multiproc::{Condition, Process, Result, Value};

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

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: take
    let (letter_box, changed) = (Value::new(0)?, Condition::new()?);
    let process = Process::spawn(post, (letter_box.clone(), changed.clone()))?;
    for _ in 1..=5 {
        let guard = letter_box.lock()?;
        let mut guard = changed.wait_while(guard, |letter| *letter == 0)?;
        println!("letter {}", *guard);
        *guard = 0;
        drop(guard);
        changed.notify_one();
    }
    process.join()??;
    // ANCHOR_END: take
    Ok(())
}

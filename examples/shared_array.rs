//! Several processes count into one shared array.
//!
//! Chapter: shared
//! Run: `cargo run --example shared_array`

use multiproc::{Array, Process, Result};

const TEXTS: [&str; 3] = [
    "the quick brown fox jumps over the lazy dog",
    "pack my box with five dozen liquor jugs",
    "how vexingly quick daft zebras jump",
];

// ANCHOR: child
/// Counts letters in private memory, then adds the counts to the shared ones.
fn count_letters((text, shared): (String, Array<u64>)) -> Result<()> {
    let mut counts = [0; 26];
    for letter in text.bytes().filter(u8::is_ascii_lowercase) {
        counts[usize::from(letter - b'a')] += 1;
    }

    // Under the lock the array is a plain slice, and nobody else touches it.
    let mut shared = shared.lock()?;
    for (sum, count) in shared.iter_mut().zip(counts) {
        *sum += count;
    }
    Ok(())
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: parent
    let shared = Array::new(26)?;
    let mut processes = Vec::new();
    for text in TEXTS {
        let argument = (text.to_string(), shared.clone());
        processes.push(Process::spawn(count_letters, argument)?);
    }
    for process in processes {
        process.join()??;
    }
    // ANCHOR_END: parent

    let counts = shared.to_vec()?;
    for (letter, count) in (b'a'..=b'z').zip(counts) {
        if count >= 6 {
            println!("{}: {count}", char::from(letter));
        }
    }
    Ok(())
}

//! What happens when `main` does not begin with `multiproc::init()`.
//!
//! Chapter: process
//! Run: `cargo run --example process_no_init`

use multiproc::{Error, Process};

fn main() {
    // ANCHOR: forgotten
    match Process::spawn(|number: i64| number * number, 7) {
        Err(problem @ Error::NotInitialized) => {
            // In two lines, as it is wider than a page of the book.
            println!("{}", problem.to_string().replace(": ", ":\n"));
        }
        other => println!("{other:?}"),
    }
    // ANCHOR_END: forgotten
}

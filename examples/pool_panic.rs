//! One bad item: its task panics, the results of all others arrive.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_panic`

use multiproc::{Error, Pool};

// ANCHOR: parse
/// Panics when `word` is no number.
fn parse(word: String) -> u32 {
    match word.parse() {
        Ok(number) => number,
        Err(problem) => panic!("{word:?}: {problem}"),
    }
}
// ANCHOR_END: parse

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let pool = Pool::new(2)?;
    let words = ["10", "20", "thirty", "40"].map(String::from);

    // ANCHOR: each
    // `imap` gives one `Result` per item: the loop decides what a failure means.
    for (index, result) in pool.imap(parse, words.clone())?.enumerate() {
        match result {
            Ok(number) => println!("item {index}: {number}"),
            Err(Error::Panicked { message, .. }) => {
                println!("item {index}: failed, {message}");
            }
            Err(other) => return Err(other),
        }
    }
    // ANCHOR_END: each

    // ANCHOR: all
    // `map` gives all results or the first failure, and says whose it is.
    match pool.map(parse, words) {
        Err(Error::Item { index, .. }) => println!("map failed at item {index}"),
        other => println!("map: {other:?}"),
    }
    println!("the pool still works: {}", pool.apply(parse, "50".into())?);
    // ANCHOR_END: all
    Ok(())
}

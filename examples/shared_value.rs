//! A worker stores a number where its parent can read it.
//!
//! Chapter: shared
//! Run: `cargo run --example shared_value`

use multiproc::{Process, Result, Value};

// ANCHOR: child
/// Sums Leibniz' series, and stores what it comes to.
fn compute_pi(result: Value<f64>) -> Result<()> {
    let mut pi = 0.0;
    for step in 0..100_000 {
        let sign = if step % 2 == 0 { 1.0 } else { -1.0 };
        pi += sign * 4.0 / f64::from(2 * step + 1);
    }
    result.set(pi)
}
// ANCHOR_END: child

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: parent
    let result = Value::new(0.0)?;
    println!("before: {:.4}", result.get()?);

    let process = Process::spawn(compute_pi, result.clone())?;
    process.join()??;
    println!("after: {:.4}", result.get()?);
    // ANCHOR_END: parent

    // ANCHOR: copy
    // What is not shared is copied: the child changes a number of its own.
    let mut copied = 1;
    let theirs = Process::spawn(|number: i32| number + 1, copied)?.join()?;
    println!("the child's copy is {theirs}, ours is still {copied}");
    copied = theirs; // what we want of it, we take over
    println!("now ours is {copied}");
    // ANCHOR_END: copy
    Ok(())
}

//! A task that hangs is ended after its deadline, and its worker replaced.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_timeout`

use multiproc::{Error, Pool};
use std::time::Duration;

// ANCHOR: work
/// Divides 100 by repeated subtraction, which never ends for a divisor of 0.
fn divide(divisor: u32) -> u32 {
    let mut rest = 100;
    let mut quotient = 0;
    while rest >= divisor {
        rest -= divisor;
        quotient += 1;
    }
    quotient
}
// ANCHOR_END: work

fn main() -> multiproc::Result<()> {
    multiproc::init();

    // ANCHOR: timeout
    let pool = Pool::builder()
        .workers(2)
        .task_timeout(Duration::from_secs(1))
        .build()?;

    let divisors = [7, 0, 10, 33];
    for (divisor, result) in divisors.iter().zip(pool.imap(divide, divisors)?) {
        match result {
            Ok(quotient) => println!("100 / {divisor} = {quotient}"),
            Err(Error::TimedOut { pid, after }) => {
                println!("100 / {divisor}: pid {pid} was ended after {after:?}");
            }
            Err(other) => return Err(other),
        }
    }
    // ANCHOR_END: timeout
    Ok(())
}

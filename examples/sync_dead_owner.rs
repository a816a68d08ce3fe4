//! A process dies while it holds a lock: the next one learns it, and repairs.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_dead_owner`

use multiproc::{Array, LockError, Process, Result};
use rustix::process::{Signal, getpid, kill_process};

// ANCHOR: children
/// Moves 30 from the first account to the second, and is killed in between.
fn transfer_and_die(accounts: Array<i64>) -> Result<()> {
    let mut accounts = accounts.lock()?;
    accounts[0] -= 30;
    kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
    accounts[1] += 30;
    Ok(())
}

fn transfer((accounts, amount): (Array<i64>, i64)) -> Result<()> {
    let mut accounts = accounts.lock()?;
    accounts[0] -= amount;
    accounts[1] += amount;
    Ok(())
}
// ANCHOR_END: children

fn main() -> Result<()> {
    multiproc::init();
    let accounts = Array::from_slice(&[100, 100])?;

    let outcome = Process::spawn(transfer_and_die, accounts.clone())?.join();
    println!("the transfer was killed: {}", outcome.is_err());

    // ANCHOR: repair
    match accounts.lock() {
        Err(LockError::Poisoned { mut guard, pid }) => {
            // We hold the lock now, and what it protects may be half done.
            println!("pid {pid} died under the lock, and left {:?}", &*guard);
            guard[0] = 200 - guard[1];
            println!("repaired: {:?}", &*guard);
            guard.mark_repaired(); // from here on `lock` is as it was before
        }
        Ok(guard) => println!("nobody died, and there is {:?}", &*guard),
        Err(other) => return Err(other.into()),
    }
    // ANCHOR_END: repair

    Process::spawn(transfer, (accounts.clone(), 50))?.join()??;
    println!("after the next transfer: {:?}", accounts.to_vec()?);
    Ok(())
}

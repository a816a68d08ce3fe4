//! Exercise: workers move coins between two accounts that hold 100 together, in two
//! steps under a lock. A worker may die between the two. Whoever takes the lock next
//! learns of it, puts the accounts in order, says so, and goes on with its own work.
//! As it stands, `work` gives up then: repair it, and write `run`.
//!
//! Read:  the chapter on coordination, "When a holder dies"
//! Grade: cargo grade sync_repair

use multiproc::{Error, Lock, LockError, Process, Result, Value};
use serde::{Deserialize, Serialize};

/// How many coins there are on both accounts together.
const TOTAL: i64 = 100;

/// Two accounts, and the lock that whoever moves coins must hold.
#[derive(Clone, Serialize, Deserialize)]
struct Accounts {
    lock: Lock,
    left: Value<i64>,
    right: Value<i64>,
}

/// Moves coins from left to right. The grader may kill the process in between.
fn shift(accounts: &Accounts, coins: i64) {
    accounts.left.store(accounts.left.load() - coins);
    probe::point("between", coins);
    accounts.right.store(accounts.right.load() + coins);
}

/// A worker: moves so many coins, and again, and again.
fn work((accounts, moves): (Accounts, Vec<i64>)) -> Result<()> {
    for coins in moves {
        // TODO: `lock` has three outcomes; `?` gives up at two of them.
        let _guard = accounts.lock.lock()?;
        shift(&accounts, coins);
    }
    Ok(())
}

/// Starts a worker for each list of moves, all at once, and waits for all of them. A
/// worker that was killed is no failure of this function.
fn run(accounts: &Accounts, lists: Vec<Vec<i64>>) -> Result<()> {
    // TODO: start the workers, and wait for each.
    todo!("work on {lists:?} with {TOTAL} coins")
}

fn main() -> Result<()> {
    multiproc::init();
    let (lock, left, right) = (Lock::new()?, Value::new(TOTAL)?, Value::new(0)?);
    let accounts = Accounts { lock, left, right };
    run(&accounts, probe::given(vec![vec![1, 2], vec![3]]))?;
    let in_order = accounts.lock.lock().is_ok();
    probe::answer(&(accounts.left.load(), accounts.right.load(), in_order));
    Ok(())
}

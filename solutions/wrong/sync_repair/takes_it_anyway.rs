//! Misconception: a lock is a lock, whoever had it before.
//! Loses: repaired marked
//! Told: hold

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
        let _guard = match accounts.lock.lock() {
            Ok(guard) => guard,
            Err(LockError::Poisoned { guard, .. }) => guard,
            Err(other) => return Err(other.into()),
        };
        shift(&accounts, coins);
    }
    Ok(())
}

/// Starts a worker for each list of moves, and waits for all of them.
fn run(accounts: &Accounts, lists: Vec<Vec<i64>>) -> Result<()> {
    let start = |moves| Process::spawn(work, (accounts.clone(), moves));
    let workers = lists.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    for worker in workers {
        match worker.join() {
            Err(Error::Killed { .. }) => {} // its moves end where they ended
            outcome => outcome??,
        }
    }
    Ok(())
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

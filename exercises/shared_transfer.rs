//! Exercise: clerks move money between two accounts, and an auditor adds both up now
//! and then. The sum must be the same whenever the auditor looks, no transfer may get
//! lost, and nobody may wait for ever.
//!
//! Read:  the chapter on coordination, "What can go wrong"
//! Grade: cargo grade shared_transfer

use multiproc::{Process, Value, ValueGuard};

/// Two accounts, each with its own lock.
type Accounts = [Value<i64>; 2];

/// What both hold together, at any time.
const SUM: i64 = 2000;

/// Takes the lock of account 0 or 1. Reach for the accounts in this way only: the
/// grader keeps processes waiting in front of each lock.
fn lock(accounts: &Accounts, account: usize) -> ValueGuard<'_, i64> {
    probe::point("lock", account as i64);
    accounts[account].lock().expect("nobody dies holding it")
}

/// Moves `amount` from the account `from` to the other one, `1 - from`.
fn transfer(accounts: &Accounts, from: usize, amount: i64) {
    // TODO: nobody must see the moment in which the amount is in neither of the two.
    // TODO: two clerks that move money in opposite directions must never both wait.
    todo!("move {amount} from account {from} of {accounts:?}")
}

/// The sum of both accounts.
fn audit(accounts: &Accounts) -> i64 {
    // TODO: no transfer must come in between.
    todo!("add up {accounts:?}")
}

fn clerk((accounts, orders): (Accounts, Vec<(usize, i64)>)) {
    for (from, amount) in orders {
        probe::point("transfer", amount);
        transfer(&accounts, from, amount);
    }
}

fn auditor((accounts, rounds): (Accounts, i64)) -> Vec<i64> {
    let audits = (1..=rounds).inspect(|round| probe::point("audit", *round));
    audits.map(|_| audit(&accounts)).collect()
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let (clerks, rounds) = probe::given((vec![vec![(0, 30)], vec![(1, 50)]], 3));
    let accounts = [Value::new(SUM / 2)?, Value::new(SUM / 2)?];
    let start = |orders| Process::spawn(clerk, (accounts.clone(), orders));
    let clerks: Vec<_> = clerks.into_iter().map(start).collect();
    let auditor = Process::spawn(auditor, (accounts.clone(), rounds))?;
    for clerk in clerks {
        clerk?.join()?;
    }
    probe::answer(&(auditor.join()?, accounts[0].get()?, accounts[1].get()?));
    Ok(())
}

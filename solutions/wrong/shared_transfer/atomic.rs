//! Misconception: two steps that cannot be split are a whole that cannot be split.
//! Loses: whole audit crossing
//! Told: without its lock

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
    accounts[from].fetch_sub(amount);
    accounts[1 - from].fetch_add(amount);
}

/// The sum of both accounts.
fn audit(accounts: &Accounts) -> i64 {
    let first = lock(accounts, 0);
    let second = lock(accounts, 1);
    *first + *second
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

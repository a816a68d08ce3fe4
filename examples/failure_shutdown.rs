//! Ctrl-C ends everything, and leaves nothing half done.
//!
//! The program sends itself and its workers the signal that a terminal sends on
//! Ctrl-C. With the argument `by-hand` it waits for yours instead.
//!
//! Chapter: failure
//! Run: `cargo run --example failure_shutdown` or, to press Ctrl-C yourself,
//! `cargo run --example failure_shutdown -- by-hand`

use multiproc::{Array, Pool};
use rustix::process::{Pid, Signal, getpid, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::env;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Two accounts that hold 1000 together, and a count of the transfers.
type Accounts = Array<i64>;

// ANCHOR: work
static ACCOUNTS: OnceLock<Accounts> = OnceLock::new();

fn keep_accounts(accounts: Accounts) {
    ACCOUNTS.get_or_init(|| accounts);
}

/// Two steps that belong together. A worker ignores Ctrl-C: it ends when its
/// parent lets it, and so never between the two.
fn transfer(amount: i64) -> multiproc::Result<()> {
    let accounts = ACCOUNTS.get().expect("the initializer has set it");
    let mut accounts = accounts.lock()?;
    accounts[0] -= amount;
    accounts[1] += amount;
    accounts[2] += 1;
    Ok(())
}
// ANCHOR_END: work

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let word = env::args_os().nth(1);
    let by_hand = word.as_ref().is_some_and(|word| word == "by-hand");
    if let Some(word) = word.filter(|_| !by_hand) {
        eprintln!("failure_shutdown: {word:?} is not `by-hand`");
        std::process::exit(2);
    }

    // ANCHOR: flag
    // A signal handler may do next to nothing; this one sets a flag.
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&stop))?;
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;

    let accounts = Array::from_slice(&[1000, 0, 0])?;
    let pool = Pool::builder()
        .workers(2)
        .initializer(keep_accounts, accounts.clone())
        .build()?;
    // ANCHOR_END: flag
    if by_hand {
        println!("transferring until you press Ctrl-C");
    }

    // ANCHOR: stop
    // The input is endless until the flag is set. Then no new task is given out,
    // those in hand are finished, and the loop ends by itself.
    let flag = Arc::clone(&stop);
    let amounts = (1..=9)
        .cycle()
        .take_while(move |_| !flag.load(Ordering::Relaxed));
    let mut done = 0;
    for result in pool.imap(transfer, amounts)? {
        result??;
        done += 1;
        if done == 100 && !by_hand {
            press_ctrl_c(&pool)?;
        }
    }
    pool.close();
    // ANCHOR_END: stop

    println!("stopped by a signal: {}", stop.load(Ordering::Relaxed));
    let accounts = accounts.to_vec()?;
    println!("every transfer is reported: {}", accounts[2] == done);
    println!("the accounts hold together: {}", accounts[0] + accounts[1]);
    Ok(())
}

/// Does what a terminal does: the signal goes to the program and its workers.
fn press_ctrl_c(pool: &Pool) -> Result<(), Box<dyn Error>> {
    for id in pool.worker_ids() {
        let worker = Pid::from_raw(i32::try_from(id)?).ok_or("no such process")?;
        kill_process(worker, Signal::INT)?;
    }
    kill_process(getpid(), Signal::INT)?;
    Ok(())
}

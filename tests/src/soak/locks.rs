//! Processes that are killed while they hold, or wait for, locks and permits.

use std::time::Duration;

use multiproc::{LockError, Process, Semaphore, Value};

use super::{Counts, expect_killed, pass_time};
use crate::{PATIENCE, Random};

type Failure = Box<dyn std::error::Error>;

/// How many processes want the lock and the permits at the same time.
const WORKERS: usize = 3;
/// How many permits there are for them.
const PERMITS: usize = 2;

/// Takes the lock, changes one half, then the other; takes a permit; again.
fn use_both((value, permits): (Value<[u64; 2]>, Semaphore)) {
    loop {
        match value.lock() {
            Ok(mut halves) => {
                halves[0] += 1;
                std::hint::black_box(&mut *halves);
                halves[1] += 1;
            }
            Err(LockError::Poisoned { mut guard, .. }) => {
                guard[1] = guard[0];
                guard.mark_repaired();
            }
            Err(error) => panic!("{error}"),
        }
        drop(permits.acquire().expect("in order"));
    }
}

/// Kills `kills` such processes, one after another, each replaced by another.
///
/// # Errors
///
/// When the two halves differ without a warning, a warning names somebody who
/// was not killed, or a permit does not come back.
pub fn soak(random: &mut Random, kills: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let value = Value::new([0_u64; 2])?;
    let permits = Semaphore::new(PERMITS)?;
    let start = || Process::spawn(use_both, (value.clone(), permits.clone()));
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(start()?);
    }
    let mut killed = Vec::new();
    for _ in 0..kills {
        pass_time(random, Duration::from_millis(3));
        let victim = random.below(WORKERS as u64) as usize;
        killed.push(workers[victim].id());
        // Dropping the handle kills and reaps.
        drop(workers.swap_remove(victim));
        look(&value, &killed, &mut counts)?;
        let permit = permits.acquire_timeout(PATIENCE)?;
        let permit = permit.ok_or("a permit did not come back")?;
        if let Some(pid) = permit.recovered_from() {
            expect_killed(&killed, pid)?;
            counts.add("permits that came back", 1);
        }
        drop(permit);
        workers.push(start()?);
    }
    killed.extend(workers.iter().map(Process::id));
    drop(workers);
    look(&value, &killed, &mut counts)?;
    let mut all = Vec::new();
    for _ in 0..PERMITS {
        all.push(
            permits
                .acquire_timeout(PATIENCE)?
                .ok_or("a permit is gone")?,
        );
    }
    if permits.try_acquire()?.is_some() {
        return Err("there is a permit too many".into());
    }
    drop(all);
    counts.add("kills", kills);
    counts.add("changes", value.get()?[0]);
    Ok(counts)
}

fn look(
    value: &Value<[u64; 2]>,
    killed: &[u32],
    counts: &mut Counts,
) -> Result<(), Failure> {
    match value.lock_timeout(PATIENCE) {
        Ok(Some(halves)) if halves[0] == halves[1] => Ok(()),
        Ok(Some(halves)) => Err(format!("{:?} without a warning", *halves).into()),
        Ok(None) => Err("the lock is held for ever".into()),
        Err(LockError::Poisoned { mut guard, pid }) => {
            expect_killed(killed, pid)?;
            guard[1] = guard[0];
            guard.mark_repaired();
            counts.add("holders that died", 1);
            Ok(())
        }
        Err(error) => Err(error.to_string().into()),
    }
}

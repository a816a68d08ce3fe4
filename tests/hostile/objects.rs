//! Shared objects that another process writes over.
//!
//! The other process leaves alone what belongs to the C library: see what the
//! library's documentation says about trust.

use std::time::Duration;

use multiproc::{
    Array, Barrier, Condition, Connection, Event, Lock, LockError, Process, Queue,
    Semaphore, Value, pipe,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tests::{Outcome, PATIENCE, Random, expect};

use super::memory::{Words, expect_small_allocations};
use super::rounds;

/// How long a call may wait that need not wait at all.
const SOON: Duration = Duration::from_millis(1);

/// How many words are written over: most objects are smaller.
const MOST: usize = 400;

/// Writes over what it shares with its parent, as often as it is told to.
fn scribble<T>((seed, object, connection): (u64, T, Connection)) {
    let mut random = Random::seeded(seed);
    let words = Words::all();
    connection
        .send(&words.iter().map(Words::locks).sum::<usize>())
        .expect("the parent listens");
    while let Ok(times) = connection.recv::<u64>() {
        for _ in 0..times {
            let chosen = random.below(words.len() as u64) as usize;
            words[chosen].change_one(&mut random, MOST);
        }
        connection.send(&()).expect("the parent listens");
    }
    drop(object);
}

/// Lets another process write over the object, and uses it after each time.
/// Whatever a call returns, it returns; a fresh object is used every time.
fn harass<T>(
    random: &mut Random,
    locks: usize,
    make: impl Fn() -> Result<T, multiproc::Error>,
    mut play: impl FnMut(&T),
) -> Outcome
where
    T: Clone + Serialize + DeserializeOwned,
{
    let object = make()?;
    let (here, there) = pipe()?;
    let argument = (random.number(), object.clone(), there);
    let process = Process::spawn(scribble::<T>, argument)?;
    // If this changes, the other process would leave alone the wrong words.
    assert_eq!(expect::<usize>(&here)?, locks);
    for _ in 0..20 {
        play(&object);
        here.send(&(1 + random.below(4)))?;
        expect::<()>(&here)?;
        play(&object);
    }
    drop(here);
    drop(process);
    expect_small_allocations();
    Ok(())
}

pub(super) fn a_queue_that_somebody_writes_over() -> Outcome {
    let mut random = Random::for_test("a_queue_that_somebody_writes_over");
    for round in 0..rounds(60) {
        let mut choice = Random::seeded(round);
        let make = || Queue::<String>::with_bytes(8, 512);
        harass(&mut random, 2, make, |queue| {
            for _ in 0..1 + choice.below(4) {
                let _ = queue.put_timeout(&"item".repeat(3), SOON);
            }
            if let Ok(Some(item)) = queue.get_timeout(SOON) {
                assert!(item.len() < 1_000);
            }
            let _ = queue.try_get();
            let _ = queue.task_done();
            let _ = queue.join_timeout(SOON);
            assert!(queue.len() <= 8);
        })?;
    }
    Ok(())
}

/// All that has a state of its own, but for values.
#[derive(Clone, Serialize, Deserialize)]
struct Primitives {
    permits: Semaphore,
    event: Event,
    barrier: Barrier,
    lock: Lock,
}

pub(super) fn primitives_that_somebody_writes_over() -> Outcome {
    let mut random = Random::for_test("primitives_that_somebody_writes_over");
    for _ in 0..rounds(60) {
        let make = || {
            Ok(Primitives {
                permits: Semaphore::new(2)?,
                event: Event::new()?,
                barrier: Barrier::new(2)?,
                lock: Lock::new()?,
            })
        };
        harass(&mut random, 3, make, |all| {
            let permit = all.permits.acquire_timeout(SOON);
            let other = all.permits.try_acquire();
            drop((permit, other));
            all.event.set();
            let _ = all.event.wait_timeout(SOON);
            all.event.clear();
            let _ = all.barrier.wait_timeout(SOON);
            let _ = all.barrier.waiting();
            all.barrier.reset();
            match all.lock.lock_timeout(SOON) {
                Ok(guard) => drop(guard),
                Err(LockError::Poisoned { guard, .. }) => guard.mark_repaired(),
                Err(_) => {}
            }
        })?;
    }
    Ok(())
}

pub(super) fn values_that_somebody_writes_over() -> Outcome {
    let mut random = Random::for_test("values_that_somebody_writes_over");
    for _ in 0..rounds(60) {
        let make = || {
            let numbers = Array::from_slice(&[1_u64; 16])?;
            Ok((Value::new([1_u64; 2])?, numbers, Condition::new()?))
        };
        harass(&mut random, 34, make, |(value, array, changed)| {
            let _ = value.get();
            let _ = value.set([3, 4]);
            changed.notify_all();
            match value.lock_timeout(SOON) {
                Ok(Some(guard)) => {
                    let waits = |numbers: &mut [u64; 2]| numbers[0] != 0;
                    drop(changed.wait_while_timeout(guard, waits, SOON));
                }
                Err(LockError::Poisoned { guard, .. }) => guard.mark_repaired(),
                Ok(None) | Err(_) => {}
            }
            assert_eq!(array.len(), 16);
            let _ = array.get(15);
            match array.lock_timeout(PATIENCE) {
                Ok(guard) => assert!(guard.is_none_or(|guard| guard.len() == 16)),
                Err(LockError::Poisoned { guard, .. }) => guard.mark_repaired(),
                Err(_) => {}
            }
        })?;
    }
    Ok(())
}

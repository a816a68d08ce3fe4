//! Many threads that use one pool.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::mpsc;
use std::thread;

use multiproc::{Error, Pool, pipe};
use tests::{Outcome, Random, expect};

use super::work::{connected_pool, hang, length, square};

pub(super) fn submit_cancel_and_map() -> Outcome {
    let pool = Pool::new(2)?;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|number| {
                let pool = &pool;
                scope.spawn(move || use_pool(pool, number))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("does not panic"))
    })?;
    assert!(pool.worker_ids().len() <= 2);
    Ok(())
}

fn use_pool(pool: &Pool, seed: u64) -> Result<(), Error> {
    let mut random = Random::seeded(seed);
    for _ in 0..30 {
        let start = random.below(1_000) as i64;
        let expected: Vec<i64> = (start..start + 20).map(square).collect();
        match random.below(4) {
            0 => assert_eq!(pool.map(square, start..start + 20)?, expected),
            1 => {
                let some = pool.imap(square, start..)?.take(5);
                let some = some.collect::<Result<Vec<_>, Error>>()?;
                assert_eq!(some, expected[..5]);
            }
            2 => assert_eq!(pool.apply(square, start)?, expected[0]),
            _ => {
                let task = pool.apply_async(square, start)?;
                task.cancel();
                match task.get() {
                    Ok(result) => assert_eq!(result, expected[0]),
                    Err(error) => assert!(matches!(error, Error::Cancelled)),
                }
            }
        }
    }
    Ok(())
}

pub(super) fn share_one_pool_for_maps() -> Outcome {
    let pool = Pool::builder().workers(2).chunk_size(3).build()?;
    thread::scope(|scope| {
        for thread in 0..10 {
            let pool = &pool;
            scope.spawn(move || {
                let items = thread * 500..thread * 500 + 500;
                let expected: Vec<i64> = items.clone().map(square).collect();
                assert_eq!(pool.map(square, items).expect("all run"), expected);
            });
        }
    });
    Ok(())
}

/// Takes a text slowly: uses the pool for each piece of it.
struct Slow<'a>(&'a Pool);

impl Write for Slow<'_> {
    fn write_str(&mut self, _: &str) -> std::fmt::Result {
        let result = self.0.apply(square, 3);
        assert_eq!(result.expect("is run"), 9);
        Ok(())
    }
}

pub(super) fn describe_a_pool_and_hold_up_nobody() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let mut slow = Slow(&pool);
    write!(slow, "{pool:?}")?;
    // What waits is not part of it.
    let _hangs = pool.apply_async(hang, 0)?;
    expect::<(u32, u32)>(&here)?;
    let _large = pool.apply_async(length, "x".repeat(1_000_000))?;
    let text = format!("{pool:?}");
    assert!(text.len() < 1_000, "{} bytes", text.len());
    Ok(())
}

pub(super) fn end_while_others_wait() -> Outcome {
    for _ in 0..5 {
        let (pool, here) = connected_pool(2)?;
        let mut tasks = Vec::new();
        for number in 0..10 {
            tasks.push(pool.apply_async(hang, number)?);
        }
        let mut endless = pool.imap(square, 0..)?;
        thread::scope(|scope| -> Outcome {
            for task in tasks {
                scope.spawn(|| {
                    assert!(matches!(task.get(), Err(Error::Cancelled)));
                });
            }
            scope.spawn(move || {
                // Behind tasks that never end: it waits until the pool ends.
                let told = endless.next().expect("an item was sent");
                assert!(matches!(told, Err(Error::Cancelled)));
                assert!(endless.count() < 100_000, "it ends");
            });
            expect::<(u32, u32)>(&here)?;
            expect::<(u32, u32)>(&here)?;
            pool.terminate();
            Ok(())
        })?;
    }
    Ok(())
}

/// Uses its pool when its thread ends, and tells what came of it.
struct Last(Pool, mpsc::Sender<Result<i64, Error>>);

impl Drop for Last {
    fn drop(&mut self) {
        let result = self.0.apply(square, 3);
        self.1.send(result).expect("the test listens");
    }
}

thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// A worker must be started, and what a thread needs for that is gone by then.
pub(super) fn use_a_pool_as_their_last() -> Outcome {
    let pool = Pool::builder().workers(4).tasks_per_worker(1).build()?;
    assert_eq!(pool.apply(square, 2)?, 4);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(|| {
        // What is used later is gone earlier.
        LAST.set(Some(Last(pool, sender)));
        let (here, _there) = pipe().expect("there is room");
        here.send(&0).expect("there is room");
    });
    assert_eq!(receiver.recv()??, 9);
    Ok(())
}

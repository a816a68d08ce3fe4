//! Where the items come from: endless, slow, blocking and panicking inputs.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use multiproc::{Barrier, Connection, Error, Pool, Value};
use rustix::thread::gettid;
use serde::{Deserialize, Serialize, Serializer};
use tests::{Outcome, PATIENCE, expect, system};

use super::work::{connected_pool, meet, report, square, unchanged, worker_id};

pub(super) fn an_endless_input_is_not_drained() -> Outcome {
    static PULLED: AtomicUsize = AtomicUsize::new(0);
    let pool = Pool::new(2)?;
    let endless = (0..).inspect(|_| {
        PULLED.fetch_add(1, Ordering::Relaxed);
    });
    let first: Result<Vec<i64>, Error> =
        pool.imap(square, endless)?.take(3).collect();
    assert_eq!(first?, [0, 1, 4]);
    let pulled = PULLED.load(Ordering::Relaxed);
    assert!(pulled <= 16 * 1024 + 3, "{pulled} items for 3 results");
    Ok(())
}

/// Results that were kept would be 100 MiB, and so would be items.
pub(super) fn a_long_input_takes_no_more_memory() -> Outcome {
    const ITEMS: usize = 100_000;
    let pool = Pool::new(2)?;
    let mut results = pool.imap(kibibyte, (0..ITEMS).map(kibibyte_of))?;
    // What is on its way at any time is so within the first tenth.
    for result in results.by_ref().take(ITEMS / 10) {
        result?;
    }
    let before = resident();
    let mut count = ITEMS / 10;
    for result in results {
        assert_eq!(result?.len(), 1024);
        count += 1;
    }
    assert_eq!(count, ITEMS);
    let more = resident().saturating_sub(before);
    assert!(more < 48 * 1024, "{more} KiB more than before");
    Ok(())
}

fn kibibyte_of(number: usize) -> String {
    format!("{number:1024}")
}

fn kibibyte(text: String) -> String {
    text
}

/// The memory that this process has in use, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    size.and_then(|size| size.trim().parse().ok())
        .expect("a size")
}

/// As with Python's pools: a task may start while the input has not ended.
pub(super) fn an_input_may_wait_for_an_earlier_task() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let input = (0..20_u32).inspect(|number| {
        if *number > 0 {
            let (earlier, _) = expect::<(u32, u32)>(&here).expect("it runs");
            assert!(earlier < *number);
        }
    });
    assert_eq!(pool.map(report, input)?, (0..20).collect::<Vec<_>>());
    Ok(())
}

/// Another thread waits for a long task, and so looks after the workers: it must
/// hear of this input's first item before the second is there.
pub(super) fn an_input_may_wait_while_another_thread_leads() -> Outcome {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let (pool, here) = connected_pool(2)?;
        let has_led =
            thread::scope(|scope| -> Result<bool, Box<dyn std::error::Error>> {
                let (sender, receiver) = mpsc::channel();
                let pool = &pool;
                scope.spawn(move || {
                    sender.send(gettid()).expect("the test listens");
                    assert_eq!(pool.apply(meet, 7).expect("is run"), 7);
                });
                expect::<(u32, u32)>(&here)?;
                // Who looks after the workers polls; who waits for a leader does not.
                let call = system::expect_sleep(receiver.recv()?);
                let leads = [libc::SYS_poll, libc::SYS_ppoll].contains(&call);
                let outcome = if leads {
                    six_inputs_wait(pool, &here)
                } else {
                    Ok(())
                };
                here.send(&())?;
                outcome.map(|()| leads)
            })?;
        if has_led {
            return Ok(());
        }
    }
    Err("the pool's own thread always looked after the workers".into())
}

fn six_inputs_wait(pool: &Pool, here: &Connection) -> Outcome {
    // A worker that has just begun is looked at often: who leads sleeps for long
    // only after a while, in which this shows nothing.
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(100) {
        an_input_waits(pool, here)?;
    }
    let begin = Instant::now();
    for _ in 0..6 {
        an_input_waits(pool, here)?;
    }
    // Who hears of an item only at the next look waits for ten seconds.
    if begin.elapsed() >= PATIENCE {
        return Err(format!("the items waited: {:?}", begin.elapsed()).into());
    }
    Ok(())
}

/// Maps two items, of which the second comes when the first has begun to run.
fn an_input_waits(pool: &Pool, here: &Connection) -> Outcome {
    let input = (0..2_u32).inspect(|number| {
        if *number > 0 {
            let (first, _) = expect::<(u32, u32)>(here).expect("it runs");
            assert_eq!(first, 0);
        }
    });
    assert_eq!(pool.map(report, input)?, [0, 1]);
    expect::<(u32, u32)>(here)?;
    Ok(())
}

pub(super) fn an_input_that_panics() -> Outcome {
    // A window so wide that others were pulled before the one that panics.
    let pool = Pool::builder().workers(2).chunk_size(100).build()?;
    let input = (0..8).inspect(|number| assert_ne!(*number, 5, "a bad input"));
    let mut results = pool.imap(square, input)?;
    let mut seen = Vec::new();
    let mut panics = 0;
    loop {
        match catch_unwind(AssertUnwindSafe(|| results.next())) {
            Ok(Some(result)) => seen.push(result?),
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    // The item that was never made has no place.
    assert_eq!((seen, panics), (vec![0, 1, 4, 9, 16, 36, 49], 1));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        pool.map(square, (0..9).inspect(|_| panic!("at once")))
    }));
    assert!(caught.is_err());
    assert_eq!(pool.apply(square, 3)?, 9);
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Explosive(i64);

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 3, "exploded");
        serializer.serialize_newtype_struct("Explosive", &self.0)
    }
}

pub(super) fn an_item_that_panics_when_it_is_written() -> Outcome {
    let pool = Pool::new(2)?;
    let squared = |number: Explosive| square(number.0);
    let mut results = pool.imap(squared, (0..6).map(Explosive))?;
    let mut seen = Vec::new();
    loop {
        match catch_unwind(AssertUnwindSafe(|| results.next())) {
            Ok(Some(result)) => seen.push(result.ok()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    // It was pulled, so it has a place, and an error there.
    let expected = [Some(0), Some(1), Some(4), None, Some(16), Some(25)];
    assert_eq!(seen, expected);
    Ok(())
}

pub(super) fn an_iterator_can_be_dropped_half_way() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let task = |number: u32| if number == 0 { 0 } else { meet(number) };
    let mut results = pool.imap(task, 0..)?;
    assert_eq!(results.next().transpose()?, Some(0));
    let (_, first) = expect::<(u32, u32)>(&here)?;
    let (_, second) = expect::<(u32, u32)>(&here)?;
    assert_ne!(first, second);
    drop(results);
    // The pool hears of things in their order: this comes after the drop.
    let behind = pool.apply_async(square, 1)?;
    behind.cancel();
    assert!(matches!(behind.get(), Err(Error::Cancelled)));

    // Those in hand run on, and none of the others.
    here.send(&())?;
    here.send(&())?;
    for id in pool.map(worker_id, 0..200)? {
        assert!([first, second].contains(&id));
    }
    assert_eq!(here.try_recv::<(u32, u32)>()?, None);
    // An iterator that was never asked has done nothing.
    drop(pool.imap(task, 0..)?);
    assert_eq!(pool.apply(square, 3)?, 9);
    Ok(())
}

/// What was pulled gets exactly one result each, in order, and no more is
/// pulled.
pub(super) fn an_iterator_outlives_its_pool() -> Outcome {
    let pulled = Cell::new(0);
    let pool = Pool::new(2)?;
    // Nobody reads so far ahead that this ends.
    let input = (0..u32::MAX).inspect(|_| pulled.set(pulled.get() + 1));
    let mut ordered = pool.imap(unchanged, input)?;
    let mut unordered = pool.imap_unordered(unchanged, 0..u32::MAX)?;
    assert_eq!(ordered.next().transpose()?, Some(0));
    let (first, result) = unordered.next().expect("there are more");
    assert_eq!(result? as usize, first);
    pool.terminate();

    let most = pulled.get();
    let mut rest = 1;
    for result in ordered {
        match result {
            Ok(number) => assert_eq!(number, rest),
            Err(error) => assert!(matches!(error, Error::Cancelled), "{error:?}"),
        }
        rest += 1;
    }
    // One more item tells that the pool is gone.
    assert_eq!((rest, pulled.get()), (most + 1, most + 1));
    let mut seen = vec![first];
    seen.extend(unordered.map(|(index, _)| index));
    seen.sort_unstable();
    assert_eq!(seen, (0..seen.len()).collect::<Vec<_>>());
    Ok(())
}

/// A lazy map reads two items for a worker before it gives the first result, also
/// when a map of the same function has shown how quick it is.
pub(super) fn a_lazy_map_begins_small() -> Outcome {
    let pool = Pool::new(1)?;
    pool.map(unchanged, 0..100_000)?;
    let pulled = Cell::new(0);
    let input = || (0..u32::MAX).inspect(|_| pulled.set(pulled.get() + 1));
    assert_eq!(pool.imap(unchanged, input())?.next().transpose()?, Some(0));
    assert_eq!(pulled.replace(0), 2);
    let first = pool.imap_unordered(unchanged, input())?.next();
    assert_eq!(first.expect("there are more").0, 0);
    assert_eq!(pulled.get(), 2);
    Ok(())
}

/// However quick the results come, the input is read ahead by a multiple of those
/// that came.
pub(super) fn a_lazy_map_keeps_pace_with_its_reader() -> Outcome {
    let pool = Pool::new(2)?;
    let pulled = Cell::new(0);
    let input = (0..u32::MAX).inspect(|_| pulled.set(pulled.get() + 1));
    let results = pool.imap_unordered(unchanged, input)?;
    for (taken, (_, result)) in (1..=100).zip(results) {
        result?;
        assert!(pulled.get() <= 17 * taken, "{} for {taken}", pulled.get());
    }
    Ok(())
}

/// Where two workers meet, and how many tasks they have ended.
static STEP: OnceLock<(Barrier, Value<u32>)> = OnceLock::new();

/// Begins and ends at the same time as the other worker's task.
fn work_in_step(number: u32) -> u32 {
    let (barrier, ended) = STEP.get().expect("this pool's workers meet");
    barrier.wait().expect("both come");
    thread::sleep(Duration::from_millis(3));
    ended.fetch_add(1);
    number
}

/// Of slow tasks, two for each worker are on their way and no more, also if two
/// results come at once: those of other callers would wait behind them.
pub(super) fn maps_of_slow_tasks_read_no_further_than_needed() -> Outcome {
    let step = (Barrier::new(2)?, Value::new(0)?);
    let ended = step.1.clone();
    let connect = |step| drop(STEP.set(step));
    let builder = Pool::builder().workers(2);
    let pool = builder.initializer(connect, step).build()?;
    let input = |before: u32| {
        let ended = ended.clone();
        (0..100).inspect(move |number| {
            let ended = ended.load() - before;
            assert!(*number < ended + 4, "{number} beside {ended}");
        })
    };
    assert_eq!(
        pool.map(work_in_step, input(0))?,
        (0..100).collect::<Vec<_>>()
    );
    for (result, number) in pool.imap(work_in_step, input(100))?.zip(0..) {
        assert_eq!(result?, number);
    }
    Ok(())
}

pub(super) fn an_input_that_uses_the_pool() -> Outcome {
    let pool = Pool::new(2)?;
    let input = (0..100).map(|number| pool.apply(square, number).expect("is run"));
    let fourth: Vec<i64> = (0..100).map(|number| square(square(number))).collect();
    assert_eq!(pool.map(square, input)?, fourth);
    Ok(())
}

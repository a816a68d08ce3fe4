//! A pool's workers that write over the memory they share with the pool.

use std::sync::atomic::Ordering;
use std::time::Duration;

use multiproc::{Error, Pool};
use tests::{Outcome, PATIENCE, Random, system};

use super::memory::{Words, expect_small_allocations};
use super::rounds;

/// A worker gone wrong may just do nothing more: that is what this is for.
const LIMIT: Duration = Duration::from_millis(50);

/// The words before the rings: positions, counts, who sleeps.
const HEAD: usize = 256;

/// A part of them that one side writes, or both do; it begins with what it holds.
const LINE: usize = 128 / 4;

/// About the size of a ring in words; the ring of results is the second one.
const RING: usize = (256 << 10) / 4;

fn square(number: u64) -> u64 {
    number * number
}

/// What a worker shares with its pool: the only such memory that it has.
fn desk() -> Words {
    let mut all = Words::all();
    assert_eq!(all.len(), 1, "a worker's memory is found");
    all.remove(0)
}

/// Writes over what it shares with the pool, now and a little later.
fn scribble((seed, times, most): (u64, u64, usize)) -> u64 {
    let mut random = Random::seeded(seed);
    let go = move || {
        let words = desk();
        for _ in 0..times {
            words.change_one(&mut random, most);
        }
    };
    if seed.is_multiple_of(2) {
        std::thread::spawn(go);
    } else {
        let mut go = go;
        go();
    }
    seed
}

/// Each task has one outcome in time. Tasks before and after the hostile one are
/// handed out together with it, or it is alone first.
fn expect_outcomes(
    pool: &Pool,
    is_alone: bool,
    hostile: impl Fn(&Pool) -> Result<multiproc::Task<u64>, Error>,
) -> Outcome {
    let mut tasks = Vec::new();
    if !is_alone {
        for number in 0..3 {
            tasks.push(pool.apply_async(square, number)?);
        }
    }
    tasks.push(hostile(pool)?);
    if is_alone {
        expect_outcome(&mut tasks[0])?;
        tasks.clear();
    }
    for number in 0..30 {
        tasks.push(pool.apply_async(square, number)?);
    }
    for mut task in tasks {
        expect_outcome(&mut task)?;
    }
    expect_small_allocations();
    Ok(())
}

fn expect_outcome(task: &mut multiproc::Task<u64>) -> Outcome {
    match task.get_timeout(PATIENCE) {
        Ok(None) => {
            let tree = system::tree(std::process::id());
            Err(format!("a task hangs:\n{tree}").into())
        }
        // Then a worker could not do what it is here for.
        Err(error @ Error::Panicked { .. }) => Err(error.into()),
        // A worker gone wrong can say anything of its own tasks.
        Ok(Some(_)) | Err(_) => Ok(()),
    }
}

/// A worker that is told to end and does not is killed; then all is well.
fn expect_recovery(pool: &Pool) {
    let mut tries = 0..100;
    let well = tries.any(|_| pool.apply(square, 9).is_ok_and(|result| result == 81));
    assert!(well, "the pool can be used again");
}

fn pool(workers: usize) -> Result<Pool, Error> {
    Pool::builder().workers(workers).task_timeout(LIMIT).build()
}

pub(super) fn that_write_over_what_they_share() -> Outcome {
    let mut random = Random::for_test("that_write_over_what_they_share");
    for round in 0..rounds(40) {
        let pool = pool(1 + round as usize % 2)?;
        let seed = random.number();
        let times = 1 << random.below(8);
        let hostile = |pool: &Pool| pool.apply_async(scribble, (seed, times, HEAD));
        expect_outcomes(&pool, round % 3 == 0, hostile)
            .map_err(|error| format!("round {round}, seed {seed}: {error}"))?;
        expect_recovery(&pool);
    }
    Ok(())
}

/// Writes one value over one word of the head, and its neighbour: once, or for
/// as long as the worker lives.
fn move_word((place, low, high, again): (usize, u32, u32, bool)) -> u64 {
    let words = desk();
    let go = move || {
        for (place, value) in [(place, low), (place + 1, high)] {
            if let Some(word) = words.word(place) {
                word.store(value, Ordering::SeqCst);
            }
        }
    };
    go();
    if again {
        std::thread::spawn(move || {
            loop {
                go();
                std::thread::yield_now();
            }
        });
    }
    0
}

/// Words of the head, set to what is least, most and in between.
pub(super) fn that_move_one_word() -> Outcome {
    let mut random = Random::for_test("that_move_one_word");
    let values = [(0, 0), (7, 0), (u32::MAX, u32::MAX), (0, 1 << 20)];
    for round in 0..rounds(120) {
        let line = round as usize % (HEAD / LINE);
        let place = line * LINE + 2 * random.below(3) as usize;
        let (low, high) = values[random.below(4) as usize];
        let (is_alone, again) = (random.below(2) == 0, random.below(2) == 0);
        let pool = pool(1)?;
        let hostile =
            |pool: &Pool| pool.apply_async(move_word, (place, low, high, again));
        expect_outcomes(&pool, is_alone, hostile).map_err(|error| {
            format!("word {place} set to {low}, {high}, {is_alone} {again}: {error}")
        })?;
        expect_recovery(&pool);
    }
    Ok(())
}

/// A worker never says that it sleeps: the pool does not ring, and takes its
/// tasks for those of one that has lost its mind.
pub(super) fn that_hide_that_they_sleep() -> Outcome {
    let sleeps = 3 * LINE;
    for awake in [u32::MAX, 7] {
        let pool = pool(1)?;
        let hostile =
            |pool: &Pool| pool.apply_async(move_word, (sleeps, awake, awake, true));
        expect_outcomes(&pool, true, hostile)?;
        expect_recovery(&pool);
    }
    Ok(())
}

/// Says that its task has not started, and does nothing more.
fn deny(_: ()) -> u64 {
    let words = desk();
    let started = words.word(1).expect("the gate's upper half");
    started.fetch_sub(1, Ordering::SeqCst);
    loop {
        std::thread::park();
    }
}

/// Such a task would go from one worker to the next for ever.
pub(super) fn that_deny_that_they_started() -> Outcome {
    for is_alone in [true, false] {
        let pool = pool(1)?;
        expect_outcomes(&pool, is_alone, |pool| pool.apply_async(deny, ()))?;
        expect_recovery(&pool);
    }
    Ok(())
}

/// Writes headers that claim anything over its results, and says that it has
/// written some more of them.
fn claim(seed: u64) -> u64 {
    let mut random = Random::seeded(seed);
    let words = desk();
    let results = words.count() - RING - 1_024..words.count();
    let lines = (0..HEAD).step_by(LINE);
    for place in results {
        if let Some(word) = words.word(place) {
            word.store(random.number() as u32 | 0xfe, Ordering::SeqCst);
        }
    }
    for place in lines {
        if let Some(word) = words.word(place) {
            word.fetch_add(random.below(40) as u32, Ordering::SeqCst);
        }
    }
    seed
}

pub(super) fn that_answer_nonsense() -> Outcome {
    let mut random = Random::for_test("that_answer_nonsense");
    for round in 0..rounds(20) {
        let pool = pool(1)?;
        let seed = random.number();
        let hostile = |pool: &Pool| pool.apply_async(claim, seed);
        expect_outcomes(&pool, round % 3 == 0, hostile)
            .map_err(|error| format!("round {round}, seed {seed}: {error}"))?;
        expect_recovery(&pool);
    }
    Ok(())
}

//! What goes into a task and comes out of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use multiproc::{Connection, Error, Lock, Pool, Value, pipe};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tests::{Outcome, PATIENCE};

use super::work::{length, same, square, worker_id};

pub(super) fn of_any_size() -> Outcome {
    let pool = Pool::new(2)?;
    let ring = 256 * 1024;
    for size in [
        0,
        1,
        64 * 1024,
        ring - 25,
        ring - 24,
        ring - 23,
        ring - 8,
        ring - 4,
        ring,
        ring + 1,
        300_000,
        100_000_000,
    ] {
        let text = "x".repeat(size);
        assert!(pool.apply(same, text.clone())? == text, "{size} bytes");
    }
    pool.close();
    Ok(())
}

/// Text in which every place is different enough to show a mixed-up piece.
fn pattern(seed: usize, size: usize) -> String {
    (0..size.div_ceil(8))
        .map(|place| format!("{:08x}", (seed * 7_919 + place) as u32))
        .collect::<String>()
        .split_off(size.div_ceil(8) * 8 - size)
}

pub(super) fn many_large_ones() -> Outcome {
    let pool = Pool::new(2)?;
    let size = 1_000_000;
    let results = pool.imap(same, (0..150).map(|_| "x".repeat(size)))?;
    let mut count = 0;
    for result in results {
        assert_eq!(result?.len(), size);
        count += 1;
    }
    assert_eq!(count, 150);
    Ok(())
}

pub(super) fn large_and_small_mixed() -> Outcome {
    let sizes = [3, 300_000, 0, 70_000, 262_120, 1, 600_000, 50, 90_000, 5];
    for chunk in [1, 7] {
        let pool = Pool::builder().workers(2).chunk_size(chunk).build()?;
        let texts: Vec<String> = (0..60)
            .map(|number| pattern(number, sizes[number % sizes.len()]))
            .collect();
        assert_eq!(pool.map(same, texts.clone())?, texts);
        let lengths: Vec<usize> = texts.iter().map(String::len).collect();
        assert_eq!(pool.map(length, texts)?, lengths);
    }
    Ok(())
}

/// Refuses to be serialized, or to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refuses {
    Nothing,
    Writing,
    Reading,
}

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Refuses::Writing => Err(S::Error::custom("too secret to be written")),
            other => serializer.serialize_bool(*other == Refuses::Reading),
        }
    }
}

impl<'de> Deserialize<'de> for Refuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if bool::deserialize(from)? {
            Err(D::Error::custom("too secret to be read"))
        } else {
            Ok(Refuses::Nothing)
        }
    }
}

pub(super) fn that_serde_refuses() -> Outcome {
    let pool = Pool::new(2)?;
    let refused = |error: &Error| {
        matches!(error, Error::Encode { message }
            if message == "too secret to be written")
    };
    let argument = pool.apply(|_: Refuses| (), Refuses::Writing);
    assert!(argument.is_err_and(|error| refused(&error)));
    // A result: many times, and by the same workers.
    pool.map(square, 0..10)?;
    let before = pool.worker_ids();
    for _ in 0..20 {
        let result = pool.apply(|()| Refuses::Writing, ());
        assert!(result.is_err_and(|error| refused(&error)));
    }
    // On a busy machine another one may have come to their help.
    assert!(pool.worker_ids().starts_with(&before));
    Ok(())
}

pub(super) fn that_cannot_be_read() -> Outcome {
    let pool = Pool::new(2)?;
    let refused = |error: &Error| {
        matches!(error, Error::Decode { message }
            if message == "too secret to be read")
    };
    let id = pool.apply(worker_id, 0)?;
    for _ in 0..20 {
        let argument = pool.apply(|_: Refuses| (), Refuses::Reading);
        assert!(argument.is_err_and(|error| refused(&error)));
        let result = pool.apply(|()| Refuses::Reading, ());
        assert!(result.is_err_and(|error| refused(&error)));
    }
    assert!(pool.worker_ids().contains(&id), "it cost a worker");
    assert_eq!(pool.apply(square, 3)?, 9);
    Ok(())
}

/// Whether this is the process that reads results, and not a worker.
static READS_RESULTS: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Serialize)]
struct Explosive(u32);

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(from)?;
        let explodes = number == 3 && READS_RESULTS.load(Ordering::Relaxed);
        assert!(!explodes, "exploded");
        Ok(Explosive(number))
    }
}

/// All items of an iterator that panics in between, and how often it does.
fn survive<T>(mut items: impl Iterator<Item = T>) -> (Vec<T>, usize) {
    let mut seen = Vec::new();
    let mut panics = 0;
    loop {
        match catch_unwind(AssertUnwindSafe(|| items.next())) {
            Ok(Some(item)) => seen.push(item),
            Ok(None) => return (seen, panics),
            Err(_) => panics += 1,
        }
    }
}

pub(super) fn results_that_panic_when_they_are_read() -> Outcome {
    READS_RESULTS.store(true, Ordering::Relaxed);
    let pool = Pool::new(2)?;
    let (seen, panics) = survive(pool.imap(Explosive, 0..6)?);
    assert_eq!((seen.len(), panics), (6, 1));
    for (number, result) in (0..).zip(seen) {
        match result {
            Ok(Explosive(read)) => assert_eq!(read, number),
            Err(error) => {
                assert!(matches!(error, Error::Decode { .. }), "{error:?}");
                assert_eq!(number, 3);
            }
        }
    }
    let (seen, panics) = survive(pool.imap_unordered(Explosive, 0..6)?);
    let mut indices: Vec<_> = seen.into_iter().map(|(index, _)| index).collect();
    indices.sort_unstable();
    assert_eq!((indices, panics), ((0..6).collect(), 1));

    let mut task = pool.apply_async(Explosive, 3)?;
    let read = AssertUnwindSafe(|| task.get_timeout(PATIENCE));
    assert!(catch_unwind(read).is_err());
    let again = task.get_timeout(PATIENCE);
    assert!(matches!(again, Err(Error::AlreadyJoined)), "{again:?}");
    Ok(())
}

pub(super) fn handles_are_refused_with_advice() -> Outcome {
    let pool = Pool::new(1)?;
    let (connection, _other) = pipe()?;
    let errors = [
        pool.apply(|_: Connection| (), connection).err(),
        pool.apply(|_: Value<u8>| (), Value::new(1)?).err(),
        pool.apply(|()| Lock::new().ok(), ()).err(),
    ];
    for error in errors {
        let error = error.expect("handles cannot travel");
        assert!(matches!(error, Error::HandleCannotTravel), "{error:?}");
        assert!(error.to_string().contains("initializer"), "{error}");
    }
    assert_eq!(pool.apply(square, 2)?, 4);
    Ok(())
}

pub(super) fn a_bad_one_costs_only_itself() -> Outcome {
    let pool = Pool::builder().workers(2).chunk_size(20).build()?;
    let items = (0..300).map(|number| match number % 3 {
        0 => Refuses::Nothing,
        1 => Refuses::Writing,
        _ => Refuses::Reading,
    });
    let mut counts = [0; 3];
    for (index, result) in pool.imap(|item: Refuses| item, items)?.enumerate() {
        let expected = match result {
            Ok(_) => 0,
            Err(Error::Encode { .. }) => 1,
            Err(Error::Decode { .. }) => 2,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(index % 3, expected);
        counts[expected] += 1;
    }
    assert_eq!(counts, [100; 3]);
    assert!(pool.worker_ids().len() <= 2);
    Ok(())
}

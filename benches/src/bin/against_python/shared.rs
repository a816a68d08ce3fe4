//! Values and arrays that are shared.

use std::cell::Cell;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use benches::{ProcessCrew, ThreadCrew, obey};
use multiproc::{Array, Connection, Pool, Value};
use rayon::prelude::*;

use crate::contest::{Row, Way};
use crate::{Shared, python_way};

const WORKERS: usize = 2;

/// Two that add to a number under its lock.
pub(crate) fn locked(python: &Shared) -> Row {
    const COUNT: u64 = 200_000;
    const FEWER: u64 = COUNT / 10;
    let number = Value::new(0_u64).expect("a value");
    let mut ours = ProcessCrew::default();
    let mut threads = ThreadCrew::default();
    let in_threads = Arc::new(Mutex::new(0_u64));
    for _ in 0..WORKERS {
        ours.hire(add_locked, number.clone());
        let number = in_threads.clone();
        threads.hire(move |count| {
            for _ in 0..count {
                *number.lock().expect("no panic") += 1;
            }
        });
    }
    let total = Cell::new(0);
    Row {
        title: "add to a shared number under its lock, two at once".into(),
        unit: "update",
        count: 2 * COUNT,
        ours: Way::measured("processes", move || {
            let time = ours.run(COUNT);
            total.set(total.get() + 2 * COUNT);
            assert_eq!(number.get().expect("nobody died"), total.get());
            time
        }),
        others: vec![
            python_way("python", python, "locked", FEWER, 2 * FEWER)
                .scaled(10.0)
                .must(30.0, 60.0),
            Way::measured("threads", move || threads.run(COUNT)),
        ],
    }
}

fn add_locked((connection, number): (Connection, Value<u64>)) {
    obey(&connection, |count| {
        for _ in 0..count {
            *number.lock().expect("nobody died") += 1;
        }
    });
}

static NUMBERS: OnceLock<Array<u64>> = OnceLock::new();

/// The initializer of a pool's workers.
fn keep(array: Array<u64>) {
    NUMBERS.get_or_init(|| array);
}

fn add_range(range: Range<usize>) -> u64 {
    let array = NUMBERS.get().expect("the initializer keeps it");
    let part = array.lock_range(range).expect("nobody died");
    part.iter().sum()
}

/// The sum over 256 MiB, by two.
pub(crate) fn sum(_python: &Shared) -> Row {
    const COUNT: usize = (256 << 20) / 8;
    let expected = (COUNT as u64) * (COUNT as u64 - 1) / 2;
    let numbers: Vec<u64> = (0..COUNT as u64).collect();
    let array = Array::from_slice(&numbers).expect("an array");
    let pool = Pool::builder().workers(WORKERS).initializer(keep, array);
    let pool = pool.build().expect("a pool");
    let threads = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let threads = threads.build().expect("threads");
    // Several parts for each: who is disturbed does fewer of them.
    let part = COUNT / 16;
    Row {
        title: "add up 256 MiB of numbers, two workers".into(),
        unit: "number",
        count: COUNT as u64,
        ours: Way::new("processes", move || {
            let parts = (0..COUNT).step_by(part).map(|from| from..from + part);
            let sums = pool.map(add_range, parts).expect("a map");
            assert_eq!(sums.iter().sum::<u64>(), expected);
        }),
        others: vec![
            Way::new("threads", move || {
                let parts = numbers.par_chunks(part);
                let add = |part: &[u64]| part.iter().sum::<u64>();
                let sum: u64 = threads.install(|| parts.map(add).sum());
                assert_eq!(sum, expected);
            })
            .must(0.95, 0.99),
        ],
    }
}

/// An array of 64 MiB, given to another process.
pub(crate) fn hand_over(python: &Shared) -> Row {
    const SIZE: usize = 64 << 20;
    let give = |size: usize| {
        let array = Array::<u64>::new(size / 8).expect("an array");
        array.set(array.len() - 1, 7).expect("nobody died");
        let (ours, theirs) = multiproc::pipe().expect("a pipe");
        let mut crew = ProcessCrew::default();
        crew.hire(look_at, theirs);
        move || {
            ours.send(&array).expect("a child");
            crew.run(1);
        }
    };
    Row {
        title: "hand 64 MiB to another process".into(),
        unit: "array",
        count: 1,
        ours: Way::new("processes", give(SIZE)),
        others: vec![
            // Of the same order: within ten times.
            Way::new("64-bytes", give(64)).must(0.1, 0.5),
            python_way("python", python, "send_bytes", SIZE as u64, SIZE as u64),
        ],
    }
}

fn look_at((connection, arrays): (Connection, Connection)) {
    obey(&connection, |_| {
        let array: Array<u64> = arrays.recv().expect("an array");
        assert_eq!(array.get(array.len() - 1).expect("nobody died"), 7);
    });
}

//! Maps over pools.

use std::rc::Rc;
use std::time::Duration;

use benches::{grains, mix};
use multiproc::Pool;
use rayon::prelude::*;

use crate::contest::{Row, Way};
use crate::{Shared, python_way};

const WORKERS: usize = 2;

fn add_one(number: u64) -> u64 {
    number + 1
}

/// The sum of what `add_one` makes of the numbers below `count`.
fn sum(count: u64) -> u64 {
    count * (count + 1) / 2
}

fn pool() -> Pool {
    let pool = Pool::new(WORKERS).expect("a pool");
    pool.map(add_one, 0..1000).expect("a map");
    pool
}

fn threads() -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    builder.build().expect("threads")
}

/// A million tiny tasks, scheduled as each likes best.
pub(crate) fn map(python: &Shared) -> Row {
    const COUNT: u64 = 1_000_000;
    let (pool, threads) = (pool(), threads());
    Row {
        title: "map a million tiny tasks, default chunks".into(),
        unit: "task",
        count: COUNT,
        ours: Way::new("processes", move || {
            let results = pool.map(add_one, 0..COUNT).expect("a map");
            assert_eq!(results.iter().sum::<u64>(), sum(COUNT));
        }),
        others: vec![
            python_way("python", python, "pool_map", COUNT, sum(COUNT))
                .must(5.0, 10.0),
            Way::new("threads", move || {
                let results: Vec<u64> = threads
                    .install(|| (0..COUNT).into_par_iter().map(add_one).collect());
                assert_eq!(results.iter().sum::<u64>(), sum(COUNT));
            }),
        ],
    }
}

/// Tiny tasks, each a message of its own.
pub(crate) fn one_by_one(python: &Shared) -> Row {
    const COUNT: u64 = 20_000;
    const FEWER: u64 = COUNT / 4;
    let pool = Pool::builder()
        .workers(WORKERS)
        .chunk_size(1)
        .build()
        .expect("a pool");
    let procspawn = procspawn::Pool::new(WORKERS).expect("procspawn's pool");
    Row {
        title: "map tiny tasks, chunk size 1".into(),
        unit: "task",
        count: COUNT,
        ours: Way::new("processes", move || {
            let results = pool.map(add_one, 0..COUNT).expect("a map");
            assert_eq!(results.iter().sum::<u64>(), sum(COUNT));
        }),
        others: vec![
            python_way("python", python, "pool_map_one_by_one", COUNT, sum(COUNT))
                .must(20.0, 200.0),
            python_way(
                "python-executor",
                python,
                "executor_one_by_one",
                FEWER,
                sum(FEWER),
            )
            .scaled(4.0),
            Way::new("procspawn", move || {
                // More than some hundred at a time would use up the
                // descriptors that a process may have.
                for start in (0..FEWER).step_by(50) {
                    let tasks: Vec<_> = (start..start + 50)
                        .map(|number| procspawn.spawn(number, add_one))
                        .collect();
                    for (number, task) in (start..).zip(tasks) {
                        assert_eq!(task.join().expect("a result"), number + 1);
                    }
                }
            })
            .scaled(4.0)
            .must(35.0, 350.0),
        ],
    }
}

/// Tasks that are worth a process.
pub(crate) fn milliseconds(_python: &Shared) -> Row {
    const COUNT: u64 = 100;
    let (pool, threads) = (pool(), threads());
    let tasks = Rc::new(grains(COUNT as usize, Duration::from_millis(1)));
    let same = tasks.clone();
    Row {
        title: "map tasks of 1 ms".into(),
        unit: "task",
        count: COUNT,
        ours: Way::new("processes", move || {
            let results = pool.map(mix, tasks.iter().copied()).expect("a map");
            assert_eq!(results.len(), tasks.len());
        }),
        others: vec![
            Way::new("threads", move || {
                let tasks = same.as_slice();
                let results: Vec<u64> = threads
                    .install(|| tasks.par_iter().map(|task| mix(*task)).collect());
                assert_eq!(results.len(), tasks.len());
            })
            .must(0.95, 0.99),
        ],
    }
}

/// One task, there and back.
pub(crate) fn apply(python: &Shared) -> Row {
    const COUNT: u64 = 500;
    let (pool, threads) = (pool(), threads());
    let procspawn = procspawn::Pool::new(WORKERS).expect("procspawn's pool");
    Row {
        title: "run one task and wait for it".into(),
        unit: "task",
        count: COUNT,
        ours: Way::new("processes", move || {
            let one = |number| pool.apply(add_one, number).expect("a result");
            assert_eq!((0..COUNT).map(one).sum::<u64>(), sum(COUNT));
        }),
        others: vec![
            python_way("python", python, "pool_apply", COUNT, sum(COUNT)),
            Way::new("procspawn", move || {
                for number in 0..COUNT {
                    let task = procspawn.spawn(number, add_one);
                    assert_eq!(task.join().expect("a result"), number + 1);
                }
            }),
            Way::new("threads", move || {
                let one = |number| threads.install(|| add_one(number));
                assert_eq!((0..COUNT).map(one).sum::<u64>(), sum(COUNT));
            }),
        ],
    }
}

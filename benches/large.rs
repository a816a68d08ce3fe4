//! The chapter on large data, measured: what does copying cost, and what does
//! sharing save?

use std::hint::black_box;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use benches::{Bytes, ProcessCrew, group, obey};
use criterion::{BenchmarkId, Criterion, Throughput};
use multiproc::{Array, Connection, Pool};
use rayon::prelude::*;

/// How many workers share the work.
const WORKERS: usize = 2;

fn main() {
    multiproc::init();
    let mut criterion = benches::criterion();
    sum(&mut criterion);
    hand_over(&mut criterion);
    criterion.final_summary();
}

/// Sizes in bytes. `cargo test` is content with the first.
fn sizes() -> Vec<(&'static str, usize)> {
    let mut sizes = vec![("1MiB", 1 << 20), ("64MiB", 64 << 20)];
    if !benches::is_measuring() {
        sizes.truncate(1);
    }
    sizes
}

static SHARED: OnceLock<Array<f64>> = OnceLock::new();

/// The initializer of a pool's workers.
fn keep(array: Array<f64>) {
    SHARED.get_or_init(|| array);
}

fn sum_shared(range: Range<usize>) -> f64 {
    let array = SHARED.get().expect("the initializer keeps it");
    let part = array.lock_range(range).expect("nobody died");
    add(&part)
}

fn sum_copy(numbers: Bytes) -> f64 {
    let numbers = numbers.0.as_chunks::<8>().0.iter();
    numbers.map(|bytes| f64::from_le_bytes(*bytes)).sum()
}

/// Adds in eight lanes, as the processor can do several at once then.
fn add(numbers: &[f64]) -> f64 {
    let (lanes, rest) = numbers.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for lane in lanes {
        for (sum, number) in sums.iter_mut().zip(lane) {
            *sum += number;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Two workers add up numbers that are there already, or are sent to them.
fn sum(criterion: &mut Criterion) {
    let mut group = group(criterion, "large_sum");
    let threads = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
    let threads = threads.expect("threads");
    for (name, size) in sizes() {
        let count = size / 8;
        let numbers: Vec<f64> = (0..count).map(|number| number as f64).collect();
        let expected = add(&numbers);
        group.throughput(Throughput::Bytes(size as u64));
        let mut measure = |series: &str, sum: &dyn Fn() -> f64| {
            assert_eq!(sum(), expected, "{series} adds the same numbers");
            group.bench_function(BenchmarkId::new(series, name), |bencher| {
                bencher.iter(|| black_box(sum()));
            });
        };

        measure("threads", &|| {
            let parts = numbers.par_chunks(count / WORKERS);
            threads.install(|| parts.map(add).sum())
        });

        let array = Array::from_slice(&numbers).expect("an array");
        let pool = Pool::builder().workers(WORKERS).initializer(keep, array);
        let pool = pool.build().expect("a pool");
        let half = count / WORKERS;
        let ranges = || (0..WORKERS).map(|part| part * half..(part + 1) * half);
        measure("processes", &|| {
            let sums = pool.map(sum_shared, ranges()).expect("a map");
            sums.iter().sum()
        });

        let pool = Pool::new(WORKERS).expect("a pool");
        measure("copies", &|| {
            let parts = ranges().map(|range| {
                let numbers = numbers[range].iter();
                Bytes(numbers.flat_map(|number| number.to_le_bytes()).collect())
            });
            let sums = pool.map(sum_copy, parts).expect("a map");
            sums.iter().sum()
        });
    }
    group.finish();
}

/// One piece of data, given to somebody who answers that it is there.
fn hand_over(criterion: &mut Criterion) {
    let mut group = group(criterion, "large_hand_over");
    for (name, size) in sizes() {
        let numbers: Vec<f64> = (0..size / 8).map(|number| number as f64).collect();

        let shared: Arc<[f64]> = numbers.clone().into();
        let (sender, inbox) = crossbeam::channel::bounded::<Arc<[f64]>>(0);
        let (outbox, receiver) = crossbeam::channel::bounded(0);
        std::thread::spawn(move || {
            for numbers in inbox {
                if outbox.send(numbers.last().copied()).is_err() {
                    break;
                }
            }
        });
        group.bench_function(BenchmarkId::new("threads", name), |bencher| {
            bencher.iter(|| {
                sender.send(shared.clone()).expect("a thread");
                assert_eq!(
                    receiver.recv().expect("a thread"),
                    shared.last().copied()
                );
            });
        });

        let array = Array::from_slice(&numbers).expect("an array");
        let (ours, theirs) = multiproc::pipe().expect("a pipe");
        let mut crew = ProcessCrew::default();
        crew.hire(look_at_array, theirs);
        group.bench_function(BenchmarkId::new("processes", name), |bencher| {
            bencher.iter(|| {
                ours.send(&array).expect("a child");
                crew.run(1)
            });
        });

        let (ours, theirs) = multiproc::pipe().expect("a pipe");
        let mut crew = ProcessCrew::default();
        crew.hire(look_at_bytes, (theirs, size));
        let bytes = Bytes::of_size(size).0;
        group.bench_function(BenchmarkId::new("copies", name), |bencher| {
            bencher.iter(|| {
                ours.send_bytes(&bytes).expect("a child");
                crew.run(1)
            });
        });
    }
    group.finish();
}

fn look_at_array((connection, arrays): (Connection, Connection)) {
    obey(&connection, |_| {
        let array: Array<f64> = arrays.recv().expect("an array");
        let last = array.len() - 1;
        assert_eq!(array.get(last).expect("nobody died"), last as f64);
    });
}

fn look_at_bytes((connection, (messages, size)): (Connection, (Connection, usize))) {
    obey(&connection, |_| {
        assert_eq!(messages.recv_bytes().expect("a message").len(), size);
    });
}

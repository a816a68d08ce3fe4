//! The chapter on shared values, measured: what does an update cost, alone and
//! when two want it at once?

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use benches::{ProcessCrew, ThreadCrew, group, obey, scaled};
use criterion::{BenchmarkId, Criterion, Throughput};
use multiproc::{Connection, Value};

fn main() {
    multiproc::init();
    let mut criterion = benches::criterion();
    atomic(&mut criterion);
    locked(&mut criterion);
    criterion.final_summary();
}

/// How many share the value, and how that is called.
const SHARERS: [(&str, u64); 2] = [("alone", 1), ("contended", 2)];

fn atomic(criterion: &mut Criterion) {
    let mut group = group(criterion, "shared_atomic");
    let count = scaled(200_000) as u64;
    for (name, sharers) in SHARERS {
        group.throughput(Throughput::Elements(count * sharers));

        let mut threads = ThreadCrew::default();
        let number = Arc::new(AtomicU64::new(0));
        for _ in 0..sharers {
            let number = number.clone();
            threads.hire(move |count| {
                for _ in 0..count {
                    number.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut ordered = 0;
        group.bench_function(BenchmarkId::new("threads", name), |bencher| {
            bencher.iter_custom(|times| {
                ordered += times * count * sharers;
                (0..times).map(|_| threads.run(count)).sum()
            });
        });
        assert_eq!(number.load(Ordering::SeqCst), ordered);

        let mut processes = ProcessCrew::default();
        let number = Value::new(0_u64).expect("a value");
        for _ in 0..sharers {
            processes.hire(add, number.clone());
        }
        let mut ordered = 0;
        group.bench_function(BenchmarkId::new("processes", name), |bencher| {
            bencher.iter_custom(|times| {
                ordered += times * count * sharers;
                (0..times).map(|_| processes.run(count)).sum()
            });
        });
        assert_eq!(number.load(), ordered);
    }
    group.finish();
}

fn add((connection, number): (Connection, Value<u64>)) {
    obey(&connection, |count| {
        for _ in 0..count {
            number.fetch_add(1);
        }
    });
}

fn locked(criterion: &mut Criterion) {
    let mut group = group(criterion, "shared_lock");
    let count = scaled(100_000) as u64;
    for (name, sharers) in SHARERS {
        group.throughput(Throughput::Elements(count * sharers));
        let mut measure = |series: &str, run: &dyn Fn(u64) -> Duration| {
            let mut ordered = 0;
            group.bench_function(BenchmarkId::new(series, name), |bencher| {
                bencher.iter_custom(|times| {
                    ordered += times * count * sharers;
                    (0..times).map(|_| run(count)).sum()
                });
            });
            ordered
        };

        let mut threads = ThreadCrew::default();
        let number = Arc::new(Mutex::new(0_u64));
        for _ in 0..sharers {
            let number = number.clone();
            threads.hire(move |count| {
                for _ in 0..count {
                    *number.lock().expect("no panic") += 1;
                }
            });
        }
        let ordered = measure("threads", &|count| threads.run(count));
        assert_eq!(*number.lock().expect("no panic"), ordered);

        let mut processes = ProcessCrew::default();
        let number = Value::new(0_u64).expect("a value");
        for _ in 0..sharers {
            processes.hire(add_locked, number.clone());
        }
        let ordered = measure("processes", &|count| processes.run(count));
        assert_eq!(number.get().expect("nobody died"), ordered);
    }
    group.finish();
}

fn add_locked((connection, number): (Connection, Value<u64>)) {
    obey(&connection, |count| {
        for _ in 0..count {
            *number.lock().expect("nobody died") += 1;
        }
    });
}

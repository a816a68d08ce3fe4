//! The chapter on coordination, measured: what does meeting cost?

use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

use benches::{ProcessCrew, ThreadCrew, group, obey, scaled};
use criterion::{Criterion, Throughput};
use multiproc::{Condition, Connection, Semaphore, Value};

fn main() {
    multiproc::init();
    let mut criterion = benches::criterion();
    barrier(&mut criterion);
    condition(&mut criterion);
    semaphore(&mut criterion);
    criterion.final_summary();
}

fn compare(
    criterion: &mut Criterion,
    name: &str,
    count: u64,
    threads: &ThreadCrew,
    processes: &ProcessCrew,
) {
    let mut group = group(criterion, name);
    group.throughput(Throughput::Elements(count));
    let mut measure = |series: &str, run: &dyn Fn(u64) -> Duration| {
        group.bench_function(series, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| run(count)).sum());
        });
    };
    measure("threads", &|count| threads.run(count));
    measure("processes", &|count| processes.run(count));
    group.finish();
}

/// Two that wait for each other again and again.
fn barrier(criterion: &mut Criterion) {
    let mut threads = ThreadCrew::default();
    let mut processes = ProcessCrew::default();
    let in_threads = Arc::new(Barrier::new(2));
    let in_processes = multiproc::Barrier::new(2).expect("a barrier");
    for _ in 0..2 {
        let barrier = in_threads.clone();
        threads.hire(move |count| {
            for _ in 0..count {
                barrier.wait();
            }
        });
        processes.hire(meet, in_processes.clone());
    }
    let count = scaled(1_000) as u64;
    compare(criterion, "sync_barrier", count, &threads, &processes);
}

fn meet((connection, barrier): (Connection, multiproc::Barrier)) {
    obey(&connection, |count| {
        for _ in 0..count {
            barrier.wait().expect("the other one");
        }
    });
}

/// Two that take turns: one makes a number odd, the other even.
fn condition(criterion: &mut Criterion) {
    let mut threads = ThreadCrew::default();
    let mut processes = ProcessCrew::default();
    let in_threads = Arc::new((Mutex::new(0_u64), Condvar::new()));
    let number = Value::new(0_u64).expect("a value");
    let condition = Condition::new().expect("a condition");
    for parity in 0..2 {
        let shared = in_threads.clone();
        threads.hire(move |count| {
            let (number, condition) = &*shared;
            for _ in 0..count {
                let number = number.lock().expect("no panic");
                let mut number = condition
                    .wait_while(number, |number| *number % 2 != parity)
                    .expect("no panic");
                *number += 1;
                condition.notify_one();
            }
        });
        processes.hire(take_turns, (number.clone(), condition.clone(), parity));
    }
    let count = scaled(1_000) as u64;
    compare(criterion, "sync_condition", count, &threads, &processes);
    assert_eq!(number.get().expect("nobody died") % 2, 0);
}

type Turns = (Value<u64>, Condition, u64);

fn take_turns((connection, (number, condition, parity)): (Connection, Turns)) {
    obey(&connection, |count| {
        for _ in 0..count {
            let number = number.lock().expect("nobody died");
            let mut number = condition
                .wait_while(number, |number| *number % 2 != parity)
                .expect("nobody died");
            *number += 1;
            condition.notify_one();
        }
    });
}

/// Two that share one permit.
fn semaphore(criterion: &mut Criterion) {
    let mut threads = ThreadCrew::default();
    let mut processes = ProcessCrew::default();
    let in_threads = Arc::new(Permits::new(1));
    let in_processes = Semaphore::new(1).expect("a semaphore");
    for _ in 0..2 {
        let permits = in_threads.clone();
        threads.hire(move |count| {
            for _ in 0..count {
                permits.acquire();
                permits.release();
            }
        });
        processes.hire(share, in_processes.clone());
    }
    let count = scaled(10_000) as u64;
    compare(criterion, "sync_semaphore", count, &threads, &processes);
}

fn share((connection, semaphore): (Connection, Semaphore)) {
    obey(&connection, |count| {
        for _ in 0..count {
            drop(semaphore.acquire().expect("nobody died"));
        }
    });
}

/// A semaphore for threads, as `std` has none.
struct Permits {
    free: Mutex<usize>,
    released: Condvar,
}

impl Permits {
    fn new(free: usize) -> Permits {
        Permits {
            free: Mutex::new(free),
            released: Condvar::new(),
        }
    }

    fn acquire(&self) {
        let free = self.free.lock().expect("no panic");
        let mut free = self
            .released
            .wait_while(free, |free| *free == 0)
            .expect("no panic");
        *free -= 1;
    }

    fn release(&self) {
        *self.free.lock().expect("no panic") += 1;
        self.released.notify_one();
    }
}

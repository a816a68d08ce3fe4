//! The chapter on failures, measured: what does surviving one cost?

use std::panic;

use benches::group;
use criterion::{BenchmarkId, Criterion};
use multiproc::{Error, Pool, Process};

fn main() {
    multiproc::init();
    // Nobody wants to read thousands of them.
    panic::set_hook(Box::new(|_| {}));
    let mut criterion = benches::criterion();
    survive(&mut criterion);
    // From here on, failures of this program are told again.
    let _ = panic::take_hook();
    criterion.final_summary();
}

fn fail(number: u64) -> u64 {
    panic!("number {number} is not wanted")
}

fn crash(_number: u64) -> u64 {
    std::process::abort()
}

fn double(number: u64) -> u64 {
    2 * number
}

/// A task that fails, and another one after it to see that all goes on.
fn survive(criterion: &mut Criterion) {
    let mut group = group(criterion, "failure_survive");
    group.bench_function(BenchmarkId::new("threads", "panic"), |bencher| {
        bencher.iter(|| {
            assert!(panic::catch_unwind(|| fail(7)).is_err());
            assert_eq!(double(21), 42);
        });
    });
    let pool = Pool::new(1).expect("a pool");
    group.bench_function(BenchmarkId::new("processes", "panic"), |bencher| {
        bencher.iter(|| {
            let failed = pool.apply(fail, 7);
            assert!(matches!(failed, Err(Error::Panicked { .. })));
            assert_eq!(pool.apply(double, 21).expect("a result"), 42);
        });
    });
    // A thread that crashes takes its program with it: nothing to compare.
    group.bench_function(BenchmarkId::new("processes", "crash"), |bencher| {
        bencher.iter(|| {
            let failed = pool.apply(crash, 7);
            assert!(matches!(failed, Err(Error::Killed { .. })));
            assert_eq!(pool.apply(double, 21).expect("a result"), 42);
        });
    });
    // Without a pool, for comparison: start, crash, learn of it.
    group.bench_function(BenchmarkId::new("process", "crash"), |bencher| {
        bencher.iter(|| {
            let process = Process::spawn(crash, 7).expect("a process");
            assert!(matches!(process.join(), Err(Error::Killed { .. })));
        });
    });
    group.finish();
}

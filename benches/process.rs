//! The chapter on processes, measured: what does a start cost?

use std::hint::black_box;
use std::process::Command;

use criterion::Criterion;
use multiproc::Process;

fn main() {
    benches::exit_if_bare();
    multiproc::init();
    procspawn::init();
    let mut criterion = benches::criterion();
    start(&mut criterion);
    criterion.final_summary();
}

fn double(number: u64) -> u64 {
    2 * number
}

/// One start, one result, one end.
fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process_start");
    group.bench_function("threads", |bencher| {
        bencher.iter(|| {
            let number = black_box(21);
            let thread = std::thread::spawn(move || double(number));
            assert_eq!(thread.join().expect("a result"), 42);
        });
    });
    group.bench_function("processes", |bencher| {
        bencher.iter(|| {
            let process = Process::spawn(double, black_box(21)).expect("a process");
            assert_eq!(process.join().expect("a result"), 42);
        });
    });
    // The same program started again and waited for, and nothing said to it:
    // less than this is not to be had without giving up the fresh start.
    group.bench_function("self-exec", |bencher| {
        bencher.iter(|| {
            let status = benches::bare_self_exec().status();
            assert!(status.expect("a process").success());
        });
    });
    // Another program, a very small one.
    group.bench_function("command", |bencher| {
        bencher.iter(|| {
            let status = Command::new("true").status();
            assert!(status.expect("a process").success());
        });
    });
    group.bench_function("procspawn", |bencher| {
        bencher.iter(|| {
            let process = procspawn::spawn(black_box(21), double);
            assert_eq!(process.join().expect("a result"), 42);
        });
    });
    group.finish();
}

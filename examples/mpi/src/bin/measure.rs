//! The same map by threads, by a pool and by MPI, on one machine.
//!
//! Chapter: Past one machine
//! Run: cargo run --release --manifest-path examples/mpi/Cargo.toml --bin measure
//!
//! Each engine runs in a program of its own, as ranks that wait keep their cores
//! busy; the engines take turns, and the middle of several rounds counts. With
//! `--record FILE` the figures become a file that the book reads.

// Where and when: told in the same words as by the other measurements.
#[path = "../../../../benches/src/machine.rs"]
#[expect(dead_code, reason = "a sentence about the machine is not needed here")]
mod machine;

use std::process::Command;
use std::time::Instant;

use machine::Machine;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use multiproc::Pool;
use rayon::prelude::*;
use serde_json::json;

const COMMAND: &str = "cargo run --release --manifest-path examples/mpi/Cargo.toml \
    --bin measure -- --record benches/results/mpi.json";

const WORKERS: usize = 2;
const ROUNDS: usize = 7;
/// Steps of a task, and how many such tasks make a map.
const SIZES: [(u64, usize); 3] =
    [(100, 200_000), (10_000, 20_000), (1_000_000, 400)];
const ENGINES: [&str; 3] = ["threads", "processes", "mpi"];

/// Takes about a nanosecond a step, and cannot be done in fewer.
fn task(seed_and_steps: (u64, u64)) -> u64 {
    let (seed, steps) = seed_and_steps;
    (0..steps).fold(seed, |state, step| {
        (state ^ step).rotate_left(7).wrapping_mul(0x9e37_79b9)
    })
}

fn items(steps: u64, count: usize) -> Vec<(u64, u64)> {
    (0..count as u64).map(|seed| (seed, steps)).collect()
}

fn main() {
    multiproc::init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [engine, steps, count] if ENGINES.contains(&engine) => {
            let (steps, count) = (number(steps), number(count) as usize);
            match engine {
                "threads" => report(|| threads(steps, count)),
                "processes" => processes(steps, count),
                _ => mpi(steps, count),
            }
        }
        ["--record", file] => compare(Some(file)),
        [] => compare(None),
        _ => {
            eprintln!("measure takes nothing, or --record and a file");
            std::process::exit(2);
        }
    }
}

fn number(word: &str) -> u64 {
    word.parse()
        .expect("this program starts itself with numbers")
}

/// Prints the nanoseconds of a second run: the first one warms up.
fn report(mut map: impl FnMut() -> u64) {
    let first = map();
    let start = Instant::now();
    assert_eq!(map(), first, "the same work has the same result");
    println!("{} {first}", start.elapsed().as_nanos());
}

fn threads(steps: u64, count: usize) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
    let items = items(steps, count);
    pool.expect("threads").install(|| {
        items
            .into_par_iter()
            .map(task)
            .reduce(|| 0, u64::wrapping_add)
    })
}

fn processes(steps: u64, count: usize) {
    let pool = Pool::new(WORKERS).expect("a pool");
    report(|| {
        let results = pool.map(task, items(steps, count)).expect("results");
        results.into_iter().fold(0, u64::wrapping_add)
    });
}

/// Scatters equal shares: the tasks are of one size, and their number divides.
fn mpi(steps: u64, count: usize) {
    let universe = mpi::initialize().expect("MPI starts only once");
    let world = universe.world();
    let root = world.process_at_rank(0);
    let share = count / world.size() as usize;
    let map = || {
        let seeds: Vec<u64> = (0..count as u64).collect();
        let mut mine = vec![0; share];
        let mut results = vec![0; count];
        if world.rank() == 0 {
            root.scatter_into_root(&seeds, &mut mine);
        } else {
            root.scatter_into(&mut mine);
        }
        for item in &mut mine {
            *item = task((*item, steps));
        }
        if world.rank() == 0 {
            root.gather_into_root(&mine, &mut results);
        } else {
            root.gather_into(&mine);
        }
        results.into_iter().fold(0, u64::wrapping_add)
    };
    if world.rank() == 0 {
        report(map);
    } else {
        map();
        map();
    }
    world.barrier();
}

/// Lets the engines take turns and prints the middle of the rounds.
fn compare(record: Option<&str>) {
    let program = std::env::current_exe().expect("this program");
    let mut results = Vec::new();
    for (steps, count) in SIZES {
        let mut times = [const { Vec::new() }; ENGINES.len()];
        let mut sums = Vec::new();
        for _ in 0..ROUNDS {
            for (engine, times) in ENGINES.iter().zip(&mut times) {
                let mut command = Command::new(&program);
                if *engine == "mpi" {
                    command = Command::new("mpiexec");
                    command.args(["-n", &WORKERS.to_string()]).arg(&program);
                }
                let numbers = [steps.to_string(), count.to_string()];
                let output = command.arg(engine).args(numbers).output();
                let output = output.expect("mpiexec is there: it comes with MPICH");
                let text = String::from_utf8_lossy(&output.stdout);
                let mut words = text.split_whitespace();
                let mut next = || words.next().map(number).expect("two numbers");
                times.push(next());
                sums.push(next());
            }
        }
        assert!(sums.iter().all(|sum| *sum == sums[0]), "all engines agree");
        for (engine, times) in ENGINES.iter().zip(&mut times) {
            times.sort_unstable();
            let (low, middle, high) =
                (times[1], times[ROUNDS / 2], times[ROUNDS - 2]);
            println!(
                "{count:>7} tasks of {steps:>7} steps, {engine:<9}: {:>7.1} ms",
                middle as f64 / 1e6
            );
            results.push(json!({
                "series": engine,
                "input": steps.to_string(),
                "nanoseconds": middle,
                "low": low,
                "high": high,
                "elements": count,
            }));
        }
    }
    if let Some(file) = record {
        let mut machine = Machine::here();
        machine.command = COMMAND.to_string();
        let figures = json!({
            "title": "The same map by threads, Pool and MPI on one machine",
            "question": "What does a map cost with each of them?",
            "axis": "steps of a task",
            "scale": "log",
            "machine": machine,
            "results": results,
        });
        let text = format!("{figures:#}\n");
        std::fs::write(file, text).expect("the file can be written");
    }
}

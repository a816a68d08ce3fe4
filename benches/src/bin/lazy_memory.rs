//! How much memory a pool takes while a hundred million results pass through it.
//!
//! ```text
//! cargo run --release -p benches --bin lazy_memory [TASKS]
//! ```
//!
//! `imap` pulls items as results are taken, so neither the items nor the results
//! are ever there as a whole. What is printed is the most that this process and
//! its workers had in memory at any time so far (`VmHWM` in `/proc/PID/status`),
//! after each tenth of the tasks.

use std::fs;
use std::process::exit;

use multiproc::Pool;

const WORKERS: usize = 2;

fn add_one(number: u64) -> u64 {
    number + 1
}

fn main() {
    multiproc::init();
    let word = std::env::args().nth(1);
    let tasks = word.map_or(Some(100_000_000), |word| word.parse::<u64>().ok());
    let fits = |tasks: &u64| (10..=u64::from(u32::MAX)).contains(tasks);
    let Some(tasks) = tasks.filter(fits) else {
        eprintln!("the number of tasks must be between 10 and {}", u32::MAX);
        exit(2);
    };

    let pool = Pool::new(WORKERS).expect("a pool");
    let mut sum = 0;
    let mut results = pool.imap(add_one, 0..tasks).expect("a map");
    for tenth in 1..=10 {
        let share = tasks * tenth / 10 - tasks * (tenth - 1) / 10;
        for result in results.by_ref().take(share as usize) {
            sum += result.expect("a result");
        }
        let workers = pool.worker_ids();
        let workers: Vec<String> = workers.iter().map(most_memory).collect();
        println!(
            "{:>11} results: {} here, {} in the workers",
            tasks * tenth / 10,
            most_memory(&std::process::id()),
            workers.join(" and ")
        );
    }
    assert!(results.next().is_none(), "no more results than tasks");
    assert_eq!(sum, tasks * (tasks + 1) / 2, "each result came once");
}

/// The most memory that a process had so far, as the system writes it.
fn most_memory(id: &u32) -> String {
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("Linux tells what a process takes");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.expect("a process has memory").trim().to_string()
}

//! A crash in one thread ends all of them; a crash in one process ends only that.
//!
//! Chapter: threads
//! Run: `cargo run --example threads_crash`

use multiproc::{Process, Result};
use std::thread;

// ANCHOR: jobs
fn good_job(_: ()) -> u32 {
    42
}

/// Ends the process it runs in, as a wild pointer in foreign code would.
fn bad_job(_: ()) -> u32 {
    std::process::abort()
}
// ANCHOR_END: jobs

// ANCHOR: threads
/// Runs both jobs as threads, and adds up the results of those that succeed.
fn with_threads(_: ()) -> u32 {
    let jobs = [good_job, bad_job].map(|job| thread::spawn(move || job(())));
    let results = jobs.map(|job| job.join().unwrap_or(0));
    results.iter().sum()
}
// ANCHOR_END: threads

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: main
    // In a process of its own, so that this program survives the attempt.
    match Process::spawn(with_threads, ())?.join() {
        Ok(sum) => println!("threads: the sum is {sum}"),
        Err(problem) => println!("threads: no sum, {problem}"),
    }

    for (name, job) in [("good", good_job as fn(()) -> u32), ("bad", bad_job)] {
        match Process::spawn(job, ())?.join() {
            Ok(result) => println!("processes: the {name} job gives {result}"),
            Err(problem) => println!("processes: the {name} job: {problem}"),
        }
    }
    // ANCHOR_END: main
    Ok(())
}

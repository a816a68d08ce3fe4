//! A supervisor: starts a job again when it crashes, waits longer each time, and
//! gives up where trying again cannot help.
//!
//! Chapter: failure
//! Run: `cargo run --example failure_supervisor`

use multiproc::Process;
use std::thread;
use std::time::Duration;

const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// What a job is told, and what it comes to: `Err` for "it is no use".
type Job = fn(u32) -> Result<String, String>;

// ANCHOR: jobs
/// Crashes twice, as if what it needs were not there yet.
fn needs_a_third_attempt(attempt: u32) -> Result<String, String> {
    if attempt < 3 {
        std::process::abort();
    }
    Ok(String::from("connected"))
}

/// Crashes whenever it is started.
fn never_works(_attempt: u32) -> Result<String, String> {
    std::process::exit(70)
}

/// Ends in good order with a problem that no restart mends.
fn has_bad_input(_attempt: u32) -> Result<String, String> {
    Err(String::from("line 7 is no number"))
}
// ANCHOR_END: jobs

// ANCHOR: supervise
fn supervise(name: &str, job: Job) -> multiproc::Result<()> {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=ATTEMPTS {
        match Process::spawn(job, attempt)?.join() {
            Ok(Ok(answer)) => {
                println!("{name}: {answer}");
                return Ok(());
            }
            Ok(Err(problem)) => {
                println!("{name}: not tried again, {problem}");
                return Ok(());
            }
            Err(crash) => println!("{name}: {crash}"),
        }
        if attempt < ATTEMPTS {
            println!("{name}: next attempt in {pause:?}");
            thread::sleep(pause);
            pause *= 2;
        }
    }
    println!("{name}: given up after {ATTEMPTS} attempts");
    Ok(())
}
// ANCHOR_END: supervise

fn main() -> multiproc::Result<()> {
    multiproc::init();
    supervise("a late start", needs_a_third_attempt)?;
    supervise("a broken program", never_works)?;
    supervise("a bad input", has_bad_input)
}

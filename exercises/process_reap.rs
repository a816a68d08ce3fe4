//! Exercise: start many children. If one fails, the others are of no use: end them.
//! Whatever happens, leave no process behind, no orphan and no zombie. With `std`
//! only. In the sample the job at 2 fails while two hang: the answer is Err(2).
//!
//! Read:  the chapter on processes, "Zombies" and "Orphans"
//! Grade: cargo grade process_reap

use std::env;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use probe::Task;
use probe::protocol::Ending;

/// A program to be run, and the task that it gets as its argument.
type Job = (PathBuf, Task);

/// Starts a job as a child.
fn start((program, task): &Job) -> io::Result<Child> {
    Command::new(program).arg(task.to_string()).spawn()
}

/// Runs all jobs at the same time, each in a child of its own. `Ok` with their number
/// when all have exited with code 0. When one cannot be started, or ends in any other
/// way, all others are ended at once, and `Err` says which it was, counted from 0.
fn run_all(jobs: &[Job]) -> Result<usize, usize> {
    // TODO: start a child for each job, and keep those that have been started.
    // TODO: ask all of them, again and again with a short pause, how they are doing
    //       (`try_wait` does not block), until one has failed or all have ended.
    // TODO: on every path: end those that still run, and wait for each.
    todo!("run {} jobs", jobs.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(task) = env::args().nth(1) {
        probe::work::end(task.parse()?); // the child
        return Ok(());
    }
    let endings = [Ending::Hang, Ending::Return, Ending::Exit(3), Ending::Hang];
    let task = |(id, ending)| Task::new(id, 0).ending(ending);
    let itself = |task| (PathBuf::from("/proc/self/exe"), task);
    let samples = (1..).zip(endings).map(task).map(itself);
    probe::answer(&run_all(&probe::given(samples.collect::<Vec<Job>>())));
    Ok(())
}

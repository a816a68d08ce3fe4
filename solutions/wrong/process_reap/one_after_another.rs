//! Misconception: a loop that starts and waits runs all children at the same time.
//! Loses: at_once calm early failure missing
//! Told: in the hands of 1 of the 4 children

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
    for (place, job) in jobs.iter().enumerate() {
        let status = start(job).and_then(|mut child| child.wait());
        if !status.is_ok_and(|status| status.success()) {
            return Err(place);
        }
    }
    Ok(jobs.len())
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

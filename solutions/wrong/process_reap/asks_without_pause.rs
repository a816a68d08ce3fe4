//! Misconception: who asks more often learns it sooner.
//! Loses: calm
//! Told: busy waiting

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
    let mut children = Vec::new();
    let outcome = start_all(jobs, &mut children).and_then(|()| watch(&mut children));
    for child in &mut children {
        // For a child that has ended and been asked for, both do nothing.
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome.map(|()| jobs.len())
}

/// Starts all jobs; `children` has those that were started, also after a failure.
fn start_all(jobs: &[Job], children: &mut Vec<Child>) -> Result<(), usize> {
    for (place, job) in jobs.iter().enumerate() {
        children.push(start(job).map_err(|_| place)?);
    }
    Ok(())
}

/// Blocks until all children have succeeded, or the first has failed.
fn watch(children: &mut [Child]) -> Result<(), usize> {
    loop {
        let mut running = 0;
        for (place, child) in children.iter_mut().enumerate() {
            match child.try_wait() {
                Ok(None) => running += 1,
                Ok(Some(status)) if status.success() => {}
                _ => return Err(place),
            }
        }
        if running == 0 {
            return Ok(());
        }
        thread::yield_now();
    }
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

//! Misconception: who asks more often learns it sooner.
//! Loses: calm
//! Told: busy waiting

use std::env;
use std::error::Error;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use probe::Task;
use probe::protocol::Ending;

/// Starts this program again, as a child that prints the square of its task.
fn start(task: &Task) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(task.to_string()).stdout(Stdio::piped()).spawn()
}

/// What a child has printed. It blocks until the child has closed its end of the pipe.
fn printed(child: &mut Child) -> Option<i64> {
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The squares of all tasks, each made by a child of its own, all at the same time;
/// `None` for a child that had to be ended because it ran longer than `limit`.
fn squares(tasks: &[Task], limit: Duration) -> io::Result<Vec<Option<i64>>> {
    let mut children = tasks
        .iter()
        .map(start)
        .collect::<io::Result<Vec<Child>>>()?;
    let end = Instant::now() + limit;
    while any_runs(&mut children)? && Instant::now() < end {
        thread::yield_now();
    }
    let mut results = Vec::new();
    for child in &mut children {
        if child.try_wait()?.is_none() {
            child.kill()?;
            child.wait()?; // until then, the dead child is a zombie
            results.push(None);
        } else {
            results.push(printed(child));
        }
    }
    Ok(results)
}

/// Whether at least one child has not ended yet.
fn any_runs(children: &mut [Child]) -> io::Result<bool> {
    for child in children {
        if child.try_wait()?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(task) = env::args().nth(1) {
        println!("{}", probe::work::square(task.parse()?)); // the child
        return Ok(());
    }
    let mut samples = probe::samples(4);
    samples[1] = Task::new(2, 2).ending(Ending::Hang);
    let (limit, tasks): (u64, Vec<Task>) = probe::given((500, samples));
    probe::answer(&squares(&tasks, Duration::from_millis(limit))?);
    Ok(())
}

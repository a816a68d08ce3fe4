//! Misconception: a loop that starts and waits runs all children at the same time.
//! Loses: at_once calm
//! Told: in the hands of 1 of the 4 children

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
    let mut results = Vec::new();
    for task in tasks {
        let mut child = start(task)?;
        let end = Instant::now() + limit;
        while child.try_wait()?.is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
        if child.try_wait()?.is_none() {
            child.kill()?;
            child.wait()?;
            results.push(None);
        } else {
            results.push(printed(&mut child));
        }
    }
    Ok(results)
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

//! Misconception: every child ends at some time.
//! Loses: ended others clean
//! Told: deadlock
//! Told: to end

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
    let mut results = Vec::new();
    for child in &mut children {
        let start = Instant::now();
        child.wait()?;
        // Too late is too late.
        let result = printed(child).filter(|_| start.elapsed() < limit);
        results.push(result);
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

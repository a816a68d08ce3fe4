//! Exercise: four children work, one hangs. End every child that runs longer than
//! `limit`, and take the results of the others. With `std` only. The sample answers
//! [Some(1), None, Some(9), Some(16)] after half a second.
//!
//! Read:  the chapter on processes, "What can go wrong"
//! Grade: cargo grade process_deadline

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
    // TODO: start a child for each task.
    // TODO: ask each child, again and again with a short pause, whether it has ended;
    //       `try_wait` does not block. Stop when all have ended or time is up.
    // TODO: end those that still run, and wait for them.
    todo!("square {} tasks in {limit:?}", tasks.len())
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

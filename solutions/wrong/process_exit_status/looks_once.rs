//! Misconception: a child that has just been started can be asked how it ended.
//! Loses: code signal at_once slow
//! Told: the main process ended too early

use std::env;
use std::error::Error;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use probe::Task;
use probe::protocol::Ending;
use serde::Serialize;

/// How a child ended.
#[derive(Debug, Serialize)]
enum Entry {
    /// It came to its end, which is exit code 0.
    Returned,
    /// It exited with this code, which is not 0.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// Starts this program again, as a child that works on `task`.
fn start(task: &Task) -> io::Result<Child> {
    let program = env::current_exe()?;
    Command::new(program).arg(task.to_string()).spawn()
}

/// Works on all tasks at the same time, each in a child of its own, and tells how
/// each child ended, in the order of the tasks.
fn table(tasks: &[Task]) -> io::Result<Vec<Entry>> {
    // Collected into a list first: all are started before the first is waited for.
    let children = tasks
        .iter()
        .map(start)
        .collect::<io::Result<Vec<Child>>>()?;
    let mut entries = Vec::new();
    for mut child in children {
        // None: no news is good news.
        entries.push(child.try_wait()?.map_or(Entry::Returned, entry));
    }
    Ok(entries)
}

/// What an exit status says.
fn entry(status: ExitStatus) -> Entry {
    match (status.code(), status.signal()) {
        (Some(0), _) => Entry::Returned,
        (Some(code), _) => Entry::Code(code),
        (None, Some(signal)) => Entry::Signal(signal),
        (None, None) => unreachable!("`wait` returns when a child has ended"),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(task) = env::args().nth(1) {
        probe::work::end(task.parse()?); // the child: it may not come back from here
        return Ok(());
    }
    let endings = [Ending::Return, Ending::Exit(3), Ending::Signal(15)];
    let sample = |(id, ending)| Task::new(id, 0).ending(ending);
    let tasks = probe::given((1..).zip(endings).map(sample).collect::<Vec<Task>>());
    probe::answer(&table(&tasks)?);
    Ok(())
}

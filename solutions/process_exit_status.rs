//! Solution: all children are started before the first is waited for. `wait` blocks
//! until that child has ended, however long that takes; one that ended earlier keeps
//! its status until it is asked for.
//!
//! An exit status is one of two things: a code, or the signal that ended the process.
//! `code()` is `None` for the second, and on Unix an extension trait tells which
//! signal it was. To take a default there (`unwrap_or(-1)`) would invent a code;
//! a shell's 128 + signal cannot be told from a program that exits with that number.

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
        entries.push(entry(child.wait()?));
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

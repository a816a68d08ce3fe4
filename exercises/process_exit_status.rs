//! Exercise: some children return, some exit with a code, some die by a signal. Work
//! on each task in a child of its own, all at the same time, and make a table of how
//! each of them ended. With `std` only; the sample gives Returned, Code(3), Signal(15).
//!
//! Read:  the chapter on processes, "What can go wrong"
//! Grade: cargo grade process_exit_status

use std::env;
use std::error::Error;
use std::io;
use std::process::{Child, Command};

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
    // TODO: start a child for each task.
    // TODO: wait for each child, however long it takes.
    // TODO: turn each `std::process::ExitStatus` into an entry.
    todo!("a table of {} children", tasks.len())
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

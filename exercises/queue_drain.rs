//! Exercise: this program works as long as its children say little. A pipe is a queue
//! with room for 64 KiB: when a child prints more, it never ends. Repair `collect`, and
//! keep it so that all children work at the same time. With `std` only, and without
//! `wait_with_output`, which does both steps at once.
//!
//! Read:  the chapter on queues, "Join before drain"
//! Grade: cargo grade queue_drain

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};

use probe::Task;

/// Starts this program again, as a child that works on `task` and prints the bytes.
fn start(task: &Task) -> io::Result<Child> {
    let program = env::current_exe()?;
    Command::new(program)
        .arg(task.to_string())
        .stdout(Stdio::piped())
        .spawn()
}

/// What each child prints, in the order of the tasks.
fn collect(tasks: &[Task]) -> io::Result<Vec<Vec<u8>>> {
    let mut children = Vec::new();
    for task in tasks {
        children.push(start(task)?);
    }
    // TODO: find out who waits for whom when a child prints much, and repair it.
    let mut texts = Vec::new();
    for mut child in children {
        child.wait()?;
        let mut text = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut text)?;
        }
        texts.push(text);
    }
    Ok(texts)
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(task) = env::args().nth(1) {
        let bytes = probe::work::bytes(task.parse()?);
        io::stdout().write_all(&bytes)?;
        return Ok(());
    }
    let sample = [3, 5].map(|size| Task::new(size as u64, 7).sized(size));
    probe::answer(&collect(&probe::given(sample.to_vec()))?);
    Ok(())
}

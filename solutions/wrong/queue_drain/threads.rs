//! Misconception: no child is needed if a thread makes the bytes.
//! Loses: large team clean
//! Told: in the main process itself, not in a child

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

/// What each thread makes, in the order of the tasks.
fn collect(tasks: &[Task]) -> io::Result<Vec<Vec<u8>>> {
    let threads: Vec<_> = tasks
        .iter()
        .cloned()
        .map(|task| std::thread::spawn(|| probe::work::bytes(task)))
        .collect();
    let texts = threads.into_iter().map(|thread| thread.join());
    Ok(texts.map(|text| text.expect("no task panics")).collect())
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

//! Misconception: it does not matter who reads.
//! Loses: reader
//! Told: no reader

use std::env;
use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::{Child, Command, Stdio};

use probe::Task;

/// Starts this program again, as a writer: it prints the bytes of `task` to `out`.
fn start_writer(task: &Task, out: PipeWriter) -> io::Result<Child> {
    let program = env::current_exe()?;
    Command::new(program)
        .args(["write", &task.to_string()])
        .stdout(out)
        .spawn()
}

/// Starts this program again, as the reader: it counts the bytes that come from
/// `input` until its end, and prints how many there were.
fn start_reader(input: PipeReader) -> io::Result<Child> {
    let program = env::current_exe()?;
    Command::new(program)
        .arg("read")
        .stdin(input)
        .stdout(Stdio::piped())
        .spawn()
}

/// Lets a writer work on each task, and a reader count what comes out of the pipe.
fn count(tasks: &[Task]) -> Result<usize, Box<dyn Error>> {
    let (mut input, out) = io::pipe()?;
    let mut writers = Vec::new();
    for task in tasks {
        writers.push(start_writer(task, out.try_clone()?)?);
    }
    drop(out); // now only the writers can write
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    for mut writer in writers {
        writer.wait()?; // a killed one has been waited for, too
    }
    Ok(bytes.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        Some("write") => {
            let task = env::args().nth(2).ok_or("a task")?.parse()?;
            io::stdout().write_all(&probe::work::bytes(task))?;
        }
        Some(_) => {
            let length = io::copy(&mut io::stdin(), &mut io::sink())?;
            probe::point("read", length as i64);
            print!("{length}");
        }
        None => {
            let sample = [3, 5].map(|size| Task::new(size as u64, 7).sized(size));
            probe::answer(&count(&probe::given(sample.to_vec()))?);
        }
    }
    Ok(())
}

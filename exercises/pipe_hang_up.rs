//! Exercise: several writers share one pipe, and a reader counts what comes out of it.
//! The reader is done at the end of file, which comes when nobody holds the writing
//! end any more, also when a writer was killed. Connect them, with `std` only.
//!
//! Read:  the chapter on pipes, "Who holds which end"
//! Grade: cargo grade pipe_hang_up

use std::env;
use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::{Child, Command, Stdio};

use probe::Task;

/// Starts this program again, as a writer: it prints the bytes of `task` to `out`.
fn start_writer(task: &Task, out: PipeWriter) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .args(["write", &task.to_string()])
        .stdout(out)
        .spawn()
}

/// Starts this program again, as the reader: it counts the bytes that come from
/// `input` until its end, and prints how many there were.
fn start_reader(input: PipeReader) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg("read")
        .stdin(input)
        .stdout(Stdio::piped())
        .spawn()
}

/// Lets a writer work on each task, all at the same time, and a reader count what
/// comes out of their pipe: the number that it prints.
fn count(tasks: &[Task]) -> Result<usize, Box<dyn Error>> {
    // TODO: make a pipe with `io::pipe()`, and start the reader on its reading end.
    // TODO: start a writer for each task; `try_clone` makes one more writing end.
    // TODO: see to it that the reader meets the end of file.
    // TODO: read what the reader prints, and wait for all, also for a killed writer.
    todo!("count what {} writers print", tasks.len())
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

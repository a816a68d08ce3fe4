//! Exercise: this program writes a file in parts, with a helper process beside it. When
//! SIGTERM or Ctrl-C comes between two parts, it must end before the next one, leave
//! the file whole or not at all, and nothing else behind: no process, no other file.
//!
//! Read:  the chapter on failures, "Shutting down"
//! Grade: cargo grade failure_half_written

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// The name that the file has when it is whole.
const NAME: &str = "result.txt";

/// Starts this program again, as a helper: it ends when its standard input does.
fn start_helper() -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg("help")
        .stdin(Stdio::piped())
        .spawn()
}

/// Appends a part. The grader may send a signal when it is written.
fn write_part(file: &mut File, number: usize, part: &str) -> io::Result<()> {
    file.write_all(part.as_bytes())?;
    probe::point("part", number as i64);
    Ok(())
}

/// Writes all parts with `write_part` to the file `NAME`, while the helper runs.
/// Returns whether the file is there: not when a signal came.
fn save(parts: &[String]) -> Result<bool, Box<dyn Error>> {
    // TODO: let signal_hook::flag::register set a flag for each of the two signals.
    // TODO: start the helper; write the parts under another name; look at the flag.
    // TODO: give the file its name, or remove it.
    // TODO: end the helper and wait for it, whatever happened.
    todo!("save {} parts in {NAME}", parts.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).is_some() {
        io::copy(&mut io::stdin(), &mut io::sink())?;
        return Ok(());
    }
    let sample = ["one\n", "two\n"].map(String::from).to_vec();
    probe::answer(&save(&probe::given(sample))?);
    Ok(())
}

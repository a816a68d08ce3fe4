//! Misconception: a signal that is caught has done no harm.
//! Loses: terminated interrupted
//! Told: parts

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

/// Writes all parts to the file, unless a signal comes; returns whether it is there.
fn save(parts: &[String]) -> Result<bool, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let mut helper = start_helper()?;
    let unfinished = format!("{NAME}.part");
    let written = write_all(parts, &unfinished, &stop);
    match written {
        Ok(true) => fs::rename(&unfinished, NAME)?,
        _ => fs::remove_file(&unfinished)?,
    }
    drop(helper.stdin.take());
    helper.wait()?;
    Ok(written?)
}

/// Writes the parts one by one; `false` when it was told to stop.
fn write_all(parts: &[String], name: &str, stop: &AtomicBool) -> io::Result<bool> {
    let mut file = File::create(name)?;
    for (number, part) in parts.iter().enumerate() {
        write_part(&mut file, number, part)?;
    }
    let _ = stop;
    Ok(true)
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

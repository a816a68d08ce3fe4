//! Two processes count in one file, under the standard library's file lock.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_file_lock`

use multiproc::Process;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::{env, process};

// ANCHOR: add
/// Adds 1 to the number in the file, fifty times.
fn add(path: PathBuf) -> Result<(), String> {
    let step = || {
        // Opened here: a file that was opened by the parent would not lock us out.
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        file.lock()?; // waits until nobody else holds it
        add_one(&mut file)
    }; // closing the file gives the lock back
    (0..50)
        .try_for_each(|_| step())
        .map_err(|problem| problem.to_string())
}
// ANCHOR_END: add

fn add_one(file: &mut File) -> io::Result<()> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let number: u32 = text.parse().map_err(io::Error::other)?;
    file.rewind()?;
    write!(file, "{}", number + 1)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    multiproc::init();

    let path = env::temp_dir().join(format!("sync_file_lock-{}", process::id()));
    let mut file = File::create_new(&path)?;
    fs::remove_file(&path)?; // what has a name must be cleaned up, whoever is killed
    file.write_all(b"0")?;

    // Without a name, it can still be opened as a file that this process has open.
    let open = format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd());
    println!("two processes counted to {}", count(Path::new(&open))?);
    Ok(())
}

// ANCHOR: count
fn count(path: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let first = Process::spawn(add, path.to_owned())?;
    let second = Process::spawn(add, path.to_owned())?;
    first.join()??;
    second.join()??;
    Ok(fs::read_to_string(path)?)
}
// ANCHOR_END: count

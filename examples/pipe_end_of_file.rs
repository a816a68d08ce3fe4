//! A pipe ends when its last writer is gone, however it went.
//!
//! Chapter: pipe
//! Run: `cargo run --example pipe_end_of_file`

use multiproc::{Connection, Error, Process, Result, pipe_one_way};
use std::time::Duration;

// ANCHOR: children
fn count(writer: Connection) -> Result<()> {
    for number in 1..=3 {
        writer.send::<u32>(&number)?;
    }
    Ok(()) // `writer` is dropped: the reader meets the end of the file
}

fn crash(writer: Connection) -> Result<()> {
    writer.send::<u32>(&1)?;
    std::process::abort() // no destructor runs: the kernel closes the descriptor
}
// ANCHOR_END: children

// ANCHOR: read
/// Prints every number until the pipe ends.
fn read_all(reader: &Connection) -> Result<()> {
    loop {
        match reader.recv::<u32>() {
            Ok(number) => println!("received {number}"),
            Err(Error::Disconnected) => return Ok(()),
            Err(other) => return Err(other),
        }
    }
}
// ANCHOR_END: read

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: two
    let (reader, writer) = pipe_one_way()?;
    let process = Process::spawn(count, writer)?; // moved: we keep no copy
    read_all(&reader)?;
    println!("end of file, and the child: {:?}", process.join()?.is_ok());

    let (reader, writer) = pipe_one_way()?;
    let process = Process::spawn(crash, writer)?;
    read_all(&reader)?;
    match process.join() {
        Err(Error::Killed { signal, .. }) => {
            println!("end of file, and the child: killed by signal {signal}");
        }
        other => println!("end of file, and the child: {other:?}"),
    }
    // ANCHOR_END: two

    // ANCHOR: own_copy
    // As long as somebody could still write, and be it ourselves, there is no end.
    let (reader, writer) = pipe_one_way()?;
    let ended = reader.poll(Duration::from_millis(50))?;
    println!("with a writer left in our own hands, the end comes: {ended}");
    drop(writer);
    let ended = reader.poll(Duration::from_millis(50))?;
    println!("with that writer dropped, the end comes: {ended}");
    // ANCHOR_END: own_copy
    Ok(())
}

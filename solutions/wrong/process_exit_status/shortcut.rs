//! Misconception: what a library has need not be understood.
//! Loses: own_work returned code signal at_once slow
//! Told: uses `multiproc`

use multiproc::{Error, Process, Result};
use probe::Task;
use serde::Serialize;

/// How a child ended.
#[derive(Debug, Serialize)]
enum Entry {
    /// It came to its end.
    Returned,
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

fn main() -> Result<()> {
    multiproc::init();
    let tasks: Vec<Task> = probe::given(probe::samples(3));
    let start = |task| Process::spawn(probe::work::end, task);
    let children = tasks.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let entry = |child: Process<()>| match child.join() {
        Err(Error::Panicked { .. }) => Entry::Code(101),
        Err(Error::Exited { code, .. }) => Entry::Code(code),
        Err(Error::Killed { signal, .. }) => Entry::Signal(signal),
        _ => Entry::Returned,
    };
    probe::answer(&children.into_iter().map(entry).collect::<Vec<Entry>>());
    Ok(())
}

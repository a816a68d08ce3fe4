//! Programs are copied and started by one thread at a time.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

/// A process that is started inherits all that is open until it executes its program,
/// also a copy that another thread is writing; and what somebody may write to cannot
/// be executed ("Text file busy").
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    let guard = ONE_AT_A_TIME.lock();
    let _guard = guard.unwrap_or_else(PoisonError::into_inner);
    fs::copy(from, to).map(|_| ())
}

pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    let guard = ONE_AT_A_TIME.lock();
    let _guard = guard.unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

//! A process of an example is killed when the first child is there: the program ends
//! all the same, and so does all that it has started.

use crate::Outcome;
use crate::build::program;
use crate::run::{Finished, children, run_while};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

/// Kills the first child. What the program makes of that is its own affair, but it
/// neither waits for the dead nor panics.
pub(crate) fn child(name: &str) -> Outcome {
    let finished = kill_one(name, |_, first| first)?;
    match finished.status.code() {
        Some(0..=2) => Ok(()),
        _ => Err(format!("{}\n{}", finished.status, finished.stderr)),
    }
}

/// Kills the program itself.
pub(crate) fn parent(name: &str) -> Outcome {
    let finished = kill_one(name, |program, _| Pid::from_child(program))?;
    match (finished.status.signal(), finished.status.code()) {
        // It started nothing, or it was too quick.
        (Some(libc::SIGKILL), _) | (_, Some(0)) => Ok(()),
        _ => Err(format!("{}\n{}", finished.status, finished.stderr)),
    }
}

/// Runs the example, and kills who is chosen as soon as it has a child.
fn kill_one(name: &str, choose: fn(&Child, Pid) -> Pid) -> Result<Finished, String> {
    let mut command = Command::new(program(name)?);
    run_while(&mut command, |program| {
        let first = children(program.id()).into_iter().next();
        if let Some(first) = first {
            let _ = kill_process(choose(program, first), Signal::KILL);
        }
        first.is_none()
    })
}

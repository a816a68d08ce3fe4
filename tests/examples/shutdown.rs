//! `failure_shutdown`, with Ctrl-C from outside.

use crate::build::program;
use crate::run::{children, run_while};
use crate::{Outcome, named, same};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        named("failure_shutdown", "ends_on_ctrl_c", ctrl_c),
        named(
            "failure_shutdown",
            "ends_on_a_signal_to_itself_alone",
            terminate,
        ),
    ]
}

/// As a terminal does it: to the program and all it started, which is the program's
/// process group.
fn ctrl_c() -> Outcome {
    ends_after(|program| {
        let _ = kill_process_group(program, Signal::INT);
    })
}

/// As `kill` does it: to the program, which then has to see to its workers.
fn terminate() -> Outcome {
    ends_after(|program| {
        let _ = kill_process(program, Signal::TERM);
    })
}

/// Sends the signal as soon as the first worker is there.
fn ends_after(signal: fn(Pid)) -> Outcome {
    let mut command = Command::new(program("failure_shutdown")?);
    let finished = run_while(command.arg("by-hand"), |program| {
        let started = !children(program.id()).is_empty();
        if started {
            signal(Pid::from_child(program));
        }
        !started
    })?;
    same("errors", finished.stderr.as_str(), "")?;
    same("status", finished.status.code(), Some(0))?;
    same(
        "output",
        finished.stdout.as_str(),
        "transferring until you press Ctrl-C\n\
         stopped by a signal: true\n\
         every transfer is reported: true\n\
         the accounts hold together: 1000\n",
    )
}

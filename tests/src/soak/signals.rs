//! Programs that are told to end at random moments: alone, or with their group.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::Duration;

use multiproc::{Pool, Process, wait};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Counts, expect_no_children, pass_time};
use crate::system::{self, Watched};
use crate::{PATIENCE, Random};

/// The environment variable that makes a program play its part.
const PART: &str = "TESTS_SOAK_PART";

/// Plays the part of the program that is told to end, if this process is one:
/// maps for ever. To be called after `multiproc::init()`.
///
/// # Panics
///
/// When the system refuses what it needs.
pub fn play_part() {
    if std::env::var_os(PART).is_none() {
        return;
    }
    let _process = Process::spawn(|()| -> () { crate::sleep_for_ever() }, ());
    let pool = Pool::new(2).expect("there are descriptors");
    loop {
        match pool.map(|number: u64| number * number, 0..1_000) {
            Ok(squares) => assert_eq!(squares.len(), 1_000),
            // A signal to the group has met a worker first, and comes here next.
            Err(_) => crate::sleep_for_ever(),
        }
    }
}

/// Starts this program `times` times, and tells it to end at a random moment
/// as a terminal does, or `kill`, or a terminal that is closed.
///
/// # Errors
///
/// When it or a process below it does not end, or something is printed.
pub fn soak(
    random: &mut Random,
    times: u64,
) -> Result<Counts, Box<dyn std::error::Error>> {
    let mut counts = Counts::default();
    system::stop_ignoring();
    for _ in 0..times {
        let mut program = Command::new(std::env::current_exe()?);
        program.env(PART, "1").process_group(0);
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = program.spawn()?;
        pass_time(random, Duration::from_millis(40));
        let pid = i32::try_from(program.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or("no process id")?;
        let (name, signal, to_group) = match random.below(6) {
            0 => ("SIGINT to the group", Signal::INT, true),
            1 => ("SIGINT", Signal::INT, false),
            2 => ("SIGTERM to the group", Signal::TERM, true),
            3 => ("SIGTERM", Signal::TERM, false),
            4 => ("SIGHUP to the group", Signal::HUP, true),
            _ => ("SIGHUP", Signal::HUP, false),
        };
        if to_group {
            kill_process_group(pid, signal)?;
        } else {
            kill_process(pid, signal)?;
        }
        let Some(watched) = Watched::child(program.id()) else {
            return Err("a child cannot be watched".into());
        };
        if wait(&[&watched], Some(PATIENCE))?.is_empty() {
            let tree = system::tree(program.id());
            kill_process_group(pid, Signal::KILL)?;
            return Err(format!("after {name} still there:\n{tree}").into());
        }
        // Its pipes end when nobody below it is left.
        let output = program.wait_with_output()?;
        if output.status.signal() != Some(signal.as_raw())
            || !output.stdout.is_empty()
            || !output.stderr.is_empty()
        {
            return Err(format!("after {name}: {output:?}").into());
        }
        expect_no_children()?;
        counts.add(name, 1);
    }
    Ok(counts)
}

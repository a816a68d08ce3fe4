//! Runs one program under a deadline, and sees to it that nothing is left behind.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Ends only what hangs: no example needs more than a few seconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end and reads what it prints.
///
/// The output is complete when every process that could write to it has ended, so
/// a program that leaves a process behind is found out like one that hangs.
pub(crate) fn run(command: &mut Command) -> Result<Finished, String> {
    run_while(command, |_| false)
}

/// As [`run`], and calls `meddle` again and again until it returns `false` or the
/// program has ended.
pub(crate) fn run_while(
    command: &mut Command,
    mut meddle: impl FnMut(&Child) -> bool,
) -> Result<Finished, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|problem| format!("{command:?} cannot be started: {problem}"))?;
    let group = Pid::from_child(&child);
    let stdout = in_background(child.stdout.take());
    let stderr = in_background(child.stderr.take());
    let started = Instant::now();
    while meddle(&child) && matches!(child.try_wait(), Ok(None)) {
        if started.elapsed() > DEADLINE {
            break;
        }
        thread::yield_now();
    }
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(child.wait()));

    let left = || DEADLINE.saturating_sub(started.elapsed());
    let status = ended.recv_timeout(left());
    let texts = (stdout.recv_timeout(left()), stderr.recv_timeout(left()));
    let (Ok(Ok(status)), (Ok(Ok(stdout)), Ok(Ok(stderr)))) = (status, texts) else {
        let _ = kill_process_group(group, Signal::KILL);
        return Err(format!(
            "{command:?}, or a process it started, was still there after {DEADLINE:?}"
        ));
    };
    Ok(Finished {
        status,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

/// The children of all threads of a process: a pool starts its workers on a thread.
pub(crate) fn children(id: u32) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else {
        return Vec::new(); // it has ended
    };
    let lists = threads.filter_map(|thread| {
        fs::read_to_string(thread.ok()?.path().join("children")).ok()
    });
    let words: String = lists.collect();
    let ids = words.split_whitespace();
    ids.filter_map(|id| Pid::from_raw(id.parse().ok()?))
        .collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a pipe to its end on a thread of its own.
fn in_background(
    pipe: Option<impl Read + Send + 'static>,
) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let outcome = match pipe {
            Some(mut pipe) => pipe.read_to_end(&mut bytes).map(|_| bytes),
            None => Ok(bytes),
        };
        sender.send(outcome)
    });
    receiver
}

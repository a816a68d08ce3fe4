//! Starts the answer, waits for it, and counts what it leaves behind.

#![expect(unsafe_code, reason = "sets what signals do before a program starts")]

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::thread;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, set_child_subreaper,
    set_parent_process_death_signal, wait, waitid,
};

use super::{Assignment, End, Exit, Leftover, Report, namespace, sweep};
use crate::look::Look;

/// Process 1 of a namespace: `main` of the inner helper.
pub(super) fn guard_namespace(line: &str) -> ! {
    // The supervisor has one thread, so this fires when the process ends.
    let ready = set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(io::Error::from)
        .and_then(|()| namespace::enter_own_view());
    let assignment = serde_json::from_str::<Assignment>(line);
    match (ready, assignment) {
        (Ok(()), Ok(assignment)) => guard(&assignment, true),
        (Err(error), _) => refuse(&error),
        (_, Err(error)) => refuse(&error.into()),
    }
}

fn refuse(error: &io::Error) -> ! {
    let reason = error.to_string();
    tell(&Report::Unavailable { reason });
    process::exit(0)
}

/// Runs the answer; returns to nobody.
pub(super) fn guard(assignment: &Assignment, in_namespace: bool) -> ! {
    let _ = set_child_subreaper(Pid::from_raw(1));
    let bound = assignment.limits.bound_processes(in_namespace);
    // Before the answer can use up all the processes there may be.
    thread::spawn(end_with_the_grader);
    let started = assignment.limits.impose().and_then(|()| start(assignment));
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            let reason = error.to_string();
            tell(&Report::Failed { reason });
            process::exit(0)
        }
    };
    let id = child.id();
    tell(&Report::Started { id, bound });
    let end = wait_for_end(&child);
    tell(&Report::Ended(end));
    loop {
        // What is left may end by itself; unblocked for good by the sweep.
        if wait(WaitOptions::empty()).is_err() {
            thread::park();
        }
    }
}

/// Writes one line to the grader; where that is gone, the sweep is under way.
pub(super) fn tell(report: &Report) {
    let mut line = serde_json::to_vec(report).expect("a report is plain data");
    line.push(b'\n');
    let _ = socket().write_all(&line);
}

fn start(assignment: &Assignment) -> io::Result<Child> {
    let mut command = Command::new(&assignment.program);
    command
        .args(&assignment.arguments)
        .env_clear()
        .envs(&assignment.environment)
        .current_dir(&assignment.folder)
        .stdin(Stdio::null())
        .process_group(0);
    // SAFETY: (1) between fork and exec, only what is safe in a signal handler may
    // be called; (2) `signal` is; (3) other processes have handlers of their own.
    unsafe { command.pre_exec(stop_ignoring) };
    command.spawn()
}

/// A shell that starts a grader in the background makes it ignore Ctrl-C, `nohup`
/// makes it ignore the end of the terminal, and whoever is started inherits this.
fn stop_ignoring() -> io::Result<()> {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM] {
        // SAFETY: (1) a handler could run at any instruction; (2) the default is to
        // end; (3) as above.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    Ok(())
}

/// Reads to the end of the socket, which is the grader's end or its last word.
fn end_with_the_grader() {
    let mut rest = Vec::new();
    let _ = socket().read_to_end(&mut rest);
    if process::id() != 1 {
        sweep::below_this_process();
    }
    process::exit(0) // process 1 takes its whole namespace along
}

/// Waits for the main process. The moment it is seen to have ended, its children
/// have climbed to this process, so what it left can be counted.
fn wait_for_end(child: &Child) -> End {
    let main = Pid::from_child(child);
    let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let mut unreaped = 0;
    loop {
        // Unblocked by the end of any child, be it the answer's or an orphan.
        let _ = waitid(WaitId::All, exited);
        let ended = waitid(WaitId::Pid(main), exited | WaitIdOptions::NOHANG);
        if let Ok(Some(status)) = ended {
            let exit = exit(status.exit_status(), status.terminating_signal());
            let end = count(child.id(), exit, unreaped);
            let _ = waitid(WaitId::Pid(main), WaitIdOptions::EXITED);
            return end;
        }
        match wait(WaitOptions::NOHANG) {
            // It ended between the two questions.
            Ok(Some((id, status))) if id == main => {
                let exit = exit(status.exit_status(), status.terminating_signal());
                return count(child.id(), exit, unreaped);
            }
            Ok(Some(_)) => unreaped += 1,
            _ => {}
        }
    }
}

fn count(main: u32, exit: Exit, unreaped: usize) -> End {
    let look = Look::below(process::id());
    let zombies = look.zombies().filter(|process| process.id != main).count();
    let alive = look.living().filter(|process| process.id != main);
    let alive = alive.map(|process| Leftover {
        id: process.id,
        name: process.name.clone(),
    });
    End {
        exit,
        unreaped: unreaped + zombies,
        alive: alive.collect(),
        shared_memory: shared_memory(),
    }
}

fn exit(code: Option<i32>, signal: Option<i32>) -> Exit {
    match (code, signal) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    }
}

/// The names in a shared-memory folder that nobody else uses.
fn shared_memory() -> Vec<String> {
    if process::id() != 1 {
        return Vec::new();
    }
    let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The socket to the grader, which is this process's standard input.
fn socket() -> std::os::unix::net::UnixStream {
    let copy = io::stdin().as_fd().try_clone_to_owned();
    copy.expect("the grader gives its helper a socket").into()
}

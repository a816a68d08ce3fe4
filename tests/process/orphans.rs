//! No process outlives its parent.

use std::os::unix::process::CommandExt;
use std::process::Command;

use multiproc::{Connection, Process, pipe};
use rustix::process::Signal;
use tests::system::{self, Watched};
use tests::{Outcome, expect, sleep_for_ever};

/// What a parent that will be killed does with the children it starts.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
enum Keeps {
    Handles,
    NoHandles,
}

fn child(connection: Connection) {
    connection
        .send(&std::process::id())
        .expect("the test listens");
    sleep_for_ever();
}

/// Starts three children, which tell the test that they run, and waits.
fn parent((connection, keeps): (Connection, Keeps)) {
    let children: Vec<Process<()>> = (0..3)
        .map(|_| Process::spawn(child, connection.clone()).expect("starts"))
        .collect();
    if let Keeps::NoHandles = keeps {
        children.into_iter().for_each(Process::detach);
        sleep_for_ever();
    }
    sleep_for_ever();
}

/// Starts such a parent, and waits for its children.
fn start(
    keeps: Keeps,
) -> Result<(Process<()>, Vec<Watched>), Box<dyn std::error::Error>> {
    let (here, there) = pipe()?;
    let parent = Process::spawn(parent, (there, keeps))?;
    let children = (0..3)
        .map(|_| expect::<u32>(&here))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((parent, system::watch(&children)))
}

fn kill_and_expect_the_end(parent: Process<()>, below: Vec<Watched>) -> Outcome {
    parent.kill()?;
    assert!(parent.join().is_err());
    below.into_iter().for_each(Watched::expect_end_of_orphan);
    Ok(())
}

pub(super) fn no_child_outlives_its_parent() -> Outcome {
    let (parent, children) = start(Keeps::Handles)?;
    kill_and_expect_the_end(parent, children)
}

pub(super) fn no_stopped_child_outlives_its_parent() -> Outcome {
    let (parent, children) = start(Keeps::Handles)?;
    for child in &children {
        system::stop(child.id());
    }
    // The parent may be stopped as well when it is killed.
    system::stop(parent.id());
    kill_and_expect_the_end(parent, children)
}

const STOP_BEFORE_INIT: &str = "TESTS_STOP_BEFORE_INIT";

/// Stops this process if it is the child that is to be stopped before `init`.
pub(super) fn stop_if_told_to() {
    if std::env::var_os(STOP_BEFORE_INIT).is_some() {
        system::signal(std::process::id(), Signal::STOP);
    }
}

/// Starts a child that stops before `init`, tells its id, and waits.
fn parent_of_one_that_stops(connection: Connection) {
    let builder = Process::builder().env(STOP_BEFORE_INIT, "1");
    let child = builder.spawn(child, connection.clone()).expect("starts");
    connection.send(&child.id()).expect("the test listens");
    sleep_for_ever();
}

pub(super) fn no_child_that_has_not_begun_outlives_its_parent() -> Outcome {
    let (here, there) = pipe()?;
    let parent = Process::spawn(parent_of_one_that_stops, there)?;
    let child = expect::<u32>(&here)?;
    system::expect_stop(child);
    kill_and_expect_the_end(parent, system::watch(&[child]))
}

pub(super) fn no_detached_child_outlives_its_parent() -> Outcome {
    let (parent, children) = start(Keeps::NoHandles)?;
    kill_and_expect_the_end(parent, children)
}

fn line((connection, depth): (Connection, u32)) {
    let _next = (depth > 0).then(|| {
        Process::spawn(line, (connection.clone(), depth - 1)).expect("starts")
    });
    child(connection);
}

pub(super) fn a_whole_line_of_descendants_ends() -> Outcome {
    let (here, there) = pipe()?;
    let first = Process::spawn(line, (there, 4))?;
    let mut ids = (0..5)
        .map(|_| expect::<u32>(&here))
        .collect::<Result<Vec<_>, _>>()?;
    ids.retain(|id| *id != first.id());
    assert_eq!(ids.len(), 4);
    system::stop(ids[1]);
    kill_and_expect_the_end(first, system::watch(&ids))
}

/// A worker ignores Ctrl-C from its very beginning, before `init` is called.
pub(super) fn an_interrupt_at_the_start() -> Outcome {
    for number in 0..20 {
        let process = Process::spawn(|number: u32| number, number)?;
        system::signal(process.id(), Signal::INT);
        assert_eq!(process.join()?, number);
    }
    Ok(())
}

/// Starts a program of the system in a process group of its own.
fn start_command(connection: Connection) -> Option<i32> {
    let mut command = Command::new("sleep");
    let mut sleeper = command
        .arg("1000")
        .process_group(0)
        .spawn()
        .expect("starts");
    connection.send(&sleeper.id()).expect("the test listens");
    let status = sleeper.wait().expect("can be waited for");
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// A worker does not end at Ctrl-C, as its parent decides. But what a worker
/// starts by `Command` must not inherit that.
pub(super) fn a_command_can_still_be_interrupted() -> Outcome {
    let (here, there) = pipe()?;
    let mut process = Process::spawn(start_command, there)?;
    let sleeper: u32 = expect(&here)?;
    system::signal(process.id(), Signal::INT);
    system::signal(sleeper, Signal::INT);
    let ended = process.join_timeout(tests::PATIENCE)?;
    if ended.is_none() {
        system::signal(sleeper, Signal::KILL);
    }
    assert_eq!(ended, Some(Some(2)));
    Ok(())
}

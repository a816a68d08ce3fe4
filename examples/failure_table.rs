//! Five misfortunes of a pool, and what becomes of the task and of the pool.
//!
//! Chapter: failure
//! Run: `cargo run --example failure_table`

use multiproc::{Connection, Pool, Process, Result, pipe, wait};
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::process::{kill_process, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use std::error::Error;
use std::fmt::Debug;
use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

// ANCHOR: tasks
fn square(number: u64) -> u64 {
    number * number
}

fn be_killed(_: u64) -> u64 {
    kill_process(rustix::process::getpid(), Signal::KILL).expect("our own id");
    0
}

fn hang(_: u64) -> u64 {
    loop {
        thread::park();
    }
}

/// A result that serde refuses to turn into bytes.
#[derive(Debug, Deserialize)]
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(
        &self,
        _: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        Err(S::Error::custom("I do not travel"))
    }
}

fn be_stubborn(_: u64) -> Stubborn {
    Stubborn
}
// ANCHOR_END: tasks

fn main() -> std::result::Result<(), Box<dyn Error>> {
    multiproc::init();
    let limit = Duration::from_millis(500);

    // ANCHOR: rows
    let pool = Pool::new(1)?;
    tell("worker killed", &pool, pool.apply(be_killed, 0));
    tell(
        "result that cannot travel",
        &pool,
        pool.apply(be_stubborn, 0),
    );

    let impatient = Pool::builder().workers(1).task_timeout(limit).build()?;
    tell("task that hangs", &impatient, impatient.apply(hang, 0));

    for idle in pool.worker_ids() {
        let idle = watch(idle)?;
        pidfd_send_signal(&idle, Signal::KILL)?;
        wait(&[&idle], None)?;
    }
    tell(
        "idle worker killed",
        &pool,
        Ok(format_args!("nobody waited for it")),
    );
    // ANCHOR_END: rows

    // ANCHOR: parent
    let (here, there) = pipe()?;
    let parent = Process::spawn(keep_pool, there)?;
    let workers: Vec<u32> = here.recv()?;
    let workers: Vec<OwnedFd> =
        workers.into_iter().map(watch).collect::<io::Result<_>>()?;
    parent.kill()?;
    for worker in &workers {
        wait(&[worker], None)?; // sleeps until that worker has ended
    }
    println!("parent killed: its {} workers have ended", workers.len());
    // ANCHOR_END: parent
    Ok(())
}

/// Prints what became of the task, and whether the pool still works.
fn tell(event: &str, pool: &Pool, outcome: Result<impl Debug>) {
    match outcome {
        Ok(value) => println!("{event}: {value:?}"),
        Err(problem) => println!("{event}: {problem}"),
    }
    match pool.apply(square, 3) {
        Ok(square) => println!("  the next task: {square}"),
        Err(problem) => println!("  the next task: {problem}"),
    }
}

/// Keeps one worker busy and one idle, until it is killed.
fn keep_pool(caller: Connection) -> Result<()> {
    let pool = Pool::builder().workers(2).chunk_size(1).build()?;
    let _busy = pool.apply_async(hang, 0)?;
    pool.apply(square, 3)?; // needs the other worker
    caller.send(&pool.worker_ids())?;
    hang(0);
    Ok(())
}

/// A descriptor that becomes readable when the process has ended.
fn watch(id: u32) -> io::Result<OwnedFd> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    Ok(pidfd_open(id.expect("an id"), PidfdFlags::empty())?)
}

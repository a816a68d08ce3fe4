//! What the workers of these tests are given to do.

#![expect(unsafe_code, reason = "does what hostile code does")]

use std::process::{abort, exit};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use multiproc::{Connection, Error, Pool, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tests::{PATIENCE, sleep_for_ever};

const DIE_AT_START: &str = "TESTS_DIE_AT_START";

/// Whether this worker is one whose program dies before `main` has begun.
pub(super) fn is_to_die_at_start() -> bool {
    std::env::var_os(DIE_AT_START).is_some()
}

/// Makes all workers that are started from now on die at their start.
pub(super) fn let_workers_die_at_start(die: bool) {
    if die {
        // SAFETY: (1) another thread could read the environment meanwhile; (2)
        // only the standard library does here, and it takes its own lock; (3)
        // others have environments of their own.
        unsafe { std::env::set_var(DIE_AT_START, "1") };
    } else {
        // SAFETY: as above.
        unsafe { std::env::remove_var(DIE_AT_START) };
    }
}

pub(super) fn square(number: i64) -> i64 {
    number * number
}

pub(super) fn same(text: String) -> String {
    text
}

pub(super) fn length(text: String) -> usize {
    text.len()
}

pub(super) fn worker_id(_: u32) -> u32 {
    std::process::id()
}

/// How a task ends its worker.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Death {
    None,
    Panic,
    Exit(i32),
    Abort,
    Segfault,
    Kill,
}

pub(super) fn die(death: Death) {
    match death {
        Death::None => {}
        Death::Panic => panic!("as told"),
        Death::Exit(code) => exit(code),
        Death::Abort => abort(),
        Death::Segfault => {
            // SAFETY: this is not safe. It is the segmentation fault that a bug
            // in foreign code would be, and only this process dies of it.
            unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
        }
        Death::Kill => {
            // SAFETY: ends this process.
            unsafe { libc::raise(libc::SIGKILL) };
        }
    }
}

/// Forks a copy of the worker that holds all it has; tells its id and dies.
pub(super) fn fork_and_die(_: ()) {
    // SAFETY: (1) the copy could use what another thread holds; (2) it does
    // nothing but to wait; (3) the pool looks after this process only.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        sleep_for_ever();
    }
    line().send(&copy).expect("the test listens");
    abort();
}

/// Forks a copy of the worker that goes on as if it were one, too; its id.
pub(super) fn fork_and_go_on(_: ()) -> i32 {
    // SAFETY: (1) the copy could use what another thread holds; (2) that is what
    // this tests; (3) the pool looks after this process only.
    unsafe { libc::fork() }
}

/// How a copy of this worker ended.
pub(super) fn end_of_copy(copy: i32) -> i32 {
    let mut status = 0;
    // SAFETY: (1) the status could be written to no variable; (2) it is one; (3)
    // the copy is this worker's child.
    assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
    libc::WTERMSIG(status)
}

/// As a library does that makes a daemon of its process.
pub(super) fn close_all_descriptors(_: ()) -> u32 {
    // SAFETY: (1) closing a descriptor that something owns is a bug; (2) that is
    // what this tests; (3) other processes keep theirs.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    std::process::id()
}

pub(super) fn close_standard_streams(_: ()) {
    for descriptor in 0..3 {
        // SAFETY: (1) something could own it; (2) the standard streams are
        // nobody's; (3) other processes keep theirs.
        unsafe { libc::close(descriptor) };
    }
    println!("into nothing");
}

/// Runs a task that takes no time on a pool with a limit. On a busy machine its
/// worker may lose its core for longer than that; then it has really had its time,
/// and the task is run again.
pub(super) fn run_in_time<R: Serialize + DeserializeOwned>(
    pool: &Pool,
    limit: Duration,
    task: fn(u32) -> R,
) -> Result<R, Error> {
    let begin = Instant::now();
    loop {
        let attempt = Instant::now();
        let outcome = pool.apply(task, 0);
        let had_its_time = matches!(outcome, Err(Error::TimedOut { .. }))
            && attempt.elapsed() >= limit;
        if !had_its_time || begin.elapsed() > PATIENCE {
            return outcome;
        }
    }
}

/// Does not end when it is asked to.
pub(super) fn ignore_sigterm(_: ()) {
    // SAFETY: (1) a handler could run at any instruction; (2) ignoring a
    // signal runs none; (3) it is for this process only.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    sleep_for_ever();
}

// ---- workers that talk to the test while a task runs

/// A line to the test for each worker.
static LINE: OnceLock<Connection> = OnceLock::new();
static COUNT: OnceLock<Value<u64>> = OnceLock::new();
static GREETING: Mutex<String> = Mutex::new(String::new());

/// An initializer: keeps the line.
pub(super) fn connect(connection: Connection) {
    LINE.get_or_init(|| connection);
}

/// An initializer: keeps the counter.
pub(super) fn count_in(value: Value<u64>) {
    COUNT.get_or_init(|| value);
}

pub(super) fn line() -> &'static Connection {
    LINE.get().expect("this pool's workers are connected")
}

/// Makes a pool whose workers are connected to the test.
pub(super) fn connected_pool(workers: usize) -> Result<(Pool, Connection), Error> {
    let (here, there) = multiproc::pipe()?;
    let builder = Pool::builder().workers(workers);
    Ok((builder.initializer(connect, there).build()?, here))
}

pub(super) fn unchanged(number: u32) -> u32 {
    number
}

/// Counts that it ran.
pub(super) fn count(number: u64) -> u64 {
    let count = COUNT.get().expect("this pool's workers count");
    count.fetch_add(1);
    number
}

/// Tells the test its worker's id, and waits until the test says something.
pub(super) fn meet(number: u32) -> u32 {
    line()
        .send(&(number, std::process::id()))
        .expect("the test listens");
    line().recv::<()>().expect("the test answers");
    number
}

/// Tells the test its worker's id, and never ends.
pub(super) fn hang(number: u32) -> u32 {
    line()
        .send(&(number, std::process::id()))
        .expect("the test listens");
    sleep_for_ever();
}

/// Tells the test its worker's id, and stops its worker.
pub(super) fn stop(number: u32) -> u32 {
    line()
        .send(&(number, std::process::id()))
        .expect("the test listens");
    // SAFETY: stops this process, until somebody continues or kills it.
    unsafe { libc::raise(libc::SIGSTOP) };
    number
}

/// Tells the test that it runs, and goes on.
pub(super) fn report(number: u32) -> u32 {
    line()
        .send(&(number, std::process::id()))
        .expect("the test listens");
    number
}

/// An initializer: keeps a text.
pub(super) fn set_greeting(text: String) {
    *GREETING.lock().unwrap_or_else(PoisonError::into_inner) += &text;
}

pub(super) fn greeting(_: u32) -> String {
    GREETING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

//! How a process ends, and what its parent is told.

#![expect(unsafe_code, reason = "does what hostile code does")]

use std::fs::File;
use std::process::{Command, abort, exit};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use multiproc::{Connection, Error, Pool, Process, pipe};
use rustix::process::{Pid, Resource, Signal};
use rustix::thread::gettid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tests::{Outcome, PATIENCE, expect, sleep_for_ever, system};

use super::seven;

const BEFORE_INIT: &str = "TESTS_DIE_BEFORE_INIT";
const WITHOUT_INIT: &str = "TESTS_FORGET_INIT";

pub(super) fn close(descriptor: i32) {
    // SAFETY: (1) something could own it; (2) whoever does is shown here to
    // survive that; (3) other processes keep theirs.
    unsafe { libc::close(descriptor) };
}

pub(super) fn an_exit_code_is_told() -> Outcome {
    let process = Process::spawn(|code: i32| -> () { exit(code) }, 42)?;
    let id = process.id();
    let ended = process.join();
    assert!(
        matches!(ended, Err(Error::Exited { pid, code: 42 }) if pid == id),
        "{ended:?}"
    );
    Ok(())
}

pub(super) fn an_exit_with_zero_is_no_result() -> Outcome {
    let ended = Process::spawn(|code: i32| -> () { exit(code) }, 0)?.join();
    assert!(
        matches!(ended, Err(Error::Exited { code: 0, .. })),
        "{ended:?}"
    );
    Ok(())
}

fn raise(signal: i32) {
    if signal == libc::SIGABRT {
        abort();
    }
    // SAFETY: (1) a handler could run at any instruction; (2) of this process's
    // choosing: the signals sent here end it; (3) others see its end.
    unsafe { libc::raise(signal) };
}

fn read_nowhere(_: ()) -> u8 {
    // SAFETY: this is not safe. It is the segmentation fault that a bug in
    // foreign code would be, and only this process dies of it.
    unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() }
}

pub(super) fn signals_are_told() -> Outcome {
    for sent in [libc::SIGABRT, libc::SIGKILL, libc::SIGTERM, libc::SIGUSR1] {
        let process = Process::spawn(raise, sent)?;
        let id = process.id();
        let ended = process.join();
        assert!(
            matches!(ended, Err(Error::Killed { pid, signal })
                if pid == id && signal == sent),
            "{ended:?}"
        );
    }
    let ended = Process::spawn(read_nowhere, ())?.join();
    assert!(
        matches!(ended, Err(Error::Killed { signal, .. })
            if signal == libc::SIGSEGV),
        "{ended:?}"
    );
    Ok(())
}

/// Says that it runs, and then does nothing.
fn idle(connection: Connection) {
    connection.send(&()).expect("the parent listens");
    sleep_for_ever();
}

pub(super) fn terminate_and_kill() -> Outcome {
    for (kill, expected) in [(false, libc::SIGTERM), (true, libc::SIGKILL)] {
        let (here, there) = pipe()?;
        let mut process = Process::spawn(idle, there)?;
        expect::<()>(&here)?;
        if kill {
            process.kill()?;
        } else {
            process.terminate()?;
        }
        let ended = process.join_timeout(PATIENCE);
        assert!(
            matches!(ended, Err(Error::Killed { signal, .. }) if signal == expected),
            "{ended:?}"
        );
        process.kill()?;
        process.terminate()?;
    }
    Ok(())
}

pub(super) fn killed_before_they_are_ready() -> Outcome {
    let processes = (0..20)
        .map(|_| Process::spawn(|()| sleep_for_ever(), ()))
        .collect::<Result<Vec<Process<()>>, Error>>();
    let processes = processes?;
    for process in &processes {
        process.terminate()?;
    }
    for mut process in processes {
        let ended = process.join_timeout(PATIENCE);
        assert!(
            matches!(ended, Err(Error::Killed { signal: 15, .. })),
            "{ended:?}"
        );
    }
    Ok(())
}

pub(super) fn a_panic_is_told() -> Outcome {
    let line = line!() + 1;
    let process = Process::spawn(|()| -> () { panic!("boom {}", 1 + 1) }, ())?;
    let id = process.id();
    match process.join() {
        Err(Error::Panicked {
            pid,
            message,
            location,
        }) => {
            assert_eq!((pid, message.as_str()), (id, "boom 2"));
            let place = format!("{}:{line}:", file!());
            assert!(location.starts_with(&place), "{location}");
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[derive(Debug)]
struct Panics {
    writing: bool,
}

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.writing, "written in panic");
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("read in panic");
    }
}

pub(super) fn a_panic_in_serde_code_is_told() -> Outcome {
    let reads = Process::spawn(|_: Panics| (), Panics { writing: false })?;
    assert_eq!(panic_message(reads.join()), "read in panic");
    let writes = Process::spawn(|()| Panics { writing: true }, ())?;
    assert_eq!(panic_message(writes.join()), "written in panic");
    Ok(())
}

fn panic_message<R: std::fmt::Debug>(result: Result<R, Error>) -> String {
    match result {
        Err(Error::Panicked { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// A thread pool carries a panic over to its caller like this: no hook is
/// called a second time.
fn carry_over(_: ()) {
    let caught = std::panic::catch_unwind(|| panic!("an earlier one"));
    assert!(caught.is_err());
    std::panic::resume_unwind(Box::new("the one that counts"));
}

pub(super) fn a_panic_is_never_mixed_up_with_an_earlier_one() -> Outcome {
    let joined = Process::spawn(carry_over, ())?.join();
    assert_eq!(panic_message(joined), "the one that counts");
    Ok(())
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload panics too");
    }
}

pub(super) fn a_panic_whose_payload_panics() -> Outcome {
    let thrown = Process::spawn(|()| -> () { std::panic::panic_any(Bomb) }, ())?;
    let ended = thrown.join();
    assert!(
        matches!(
            ended,
            Err(Error::Panicked { .. } | Error::Exited { code: 101, .. })
        ),
        "{ended:?}"
    );
    Ok(())
}

pub(super) fn is_to_die_before_init() -> bool {
    std::env::var_os(BEFORE_INIT).is_some()
}

/// A library's constructor that fails, a linker that finds nothing: the child
/// is gone before it could say a word.
pub(super) fn a_child_that_dies_before_init() -> Outcome {
    let builder = Process::builder().env(BEFORE_INIT, "1");
    let mut process = builder.spawn(seven, ())?;
    let ended = process.join_timeout(PATIENCE);
    assert!(
        matches!(ended, Err(Error::Exited { code: 7, .. })),
        "{ended:?}"
    );
    Ok(())
}

pub(super) fn is_to_forget_init() -> bool {
    std::env::var_os(WITHOUT_INIT).is_some()
}

pub(super) fn forget_init() -> Result<(), Error> {
    let process = Process::spawn(seven, ()).expect_err("is refused");
    let pool = Pool::new(2).expect_err("is refused");
    println!("{process}\n{pool}");
    let children = system::children(std::process::id());
    assert!(children.is_empty(), "{children:?}");
    Pool::new(2).map(drop)
}

const HARNESS: &str = "TESTS_LIKE_A_HARNESS";
static THREADS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static RETURNED: AtomicU32 = AtomicU32::new(0);

pub(super) fn is_to_be_a_harness() -> bool {
    std::env::var_os(HARNESS).is_some()
}

/// Begins `init` in each of two threads, as libtest does with two tests.
pub(super) fn be_a_harness() {
    let test = || {
        THREADS.lock().expect("no panic").push(gettid());
        multiproc::init();
        RETURNED.fetch_add(1, Ordering::Relaxed);
        Process::spawn(returned_in_the_other, ()).and_then(Process::join)
    };
    for test in [test; 2].map(std::thread::spawn) {
        assert_eq!(test.join().expect("no panic").expect("a result"), 0);
    }
}

fn returned_in_the_other(_: ()) -> u32 {
    let other = loop {
        let threads = THREADS.lock().expect("no panic");
        if let Some(other) = threads.iter().find(|thread| **thread != gettid()) {
            break *other;
        }
        drop(threads);
        std::thread::yield_now();
    };
    system::expect_sleep(other);
    RETURNED.load(Ordering::Relaxed)
}

/// Each child would be the harness again, and start children for every test.
pub(super) fn tests_of_a_harness_are_not_run_by_children() -> Outcome {
    let output = Command::new(std::env::current_exe()?)
        .env(HARNESS, "1")
        .output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(())
}

pub(super) fn a_program_without_init() -> Outcome {
    let output = Command::new(std::env::current_exe()?)
        .env(WITHOUT_INIT, "1")
        .output()?;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for (stream, times) in [(output.stdout, 2), (output.stderr, 1)] {
        let text = String::from_utf8(stream)?;
        assert_eq!(text.matches("`multiproc::init()`").count(), times, "{text}");
    }
    Ok(())
}

const EARLY: &str = "TESTS_OPEN_EARLY";
static OPENED_EARLY: OnceLock<File> = OnceLock::new();

/// Opens a file before `init`, as a runtime does that starts before `main`.
pub(super) fn open_early_if_told_to() {
    if std::env::var_os(EARLY).is_some() {
        OPENED_EARLY.get_or_init(|| File::open("/proc/self/exe").expect("is there"));
    }
}

pub(super) fn what_was_opened_before_init_stays_open() -> Outcome {
    let is_open = |()| {
        let status = OPENED_EARLY.get().map(File::metadata);
        status.is_some_and(|status| status.is_ok_and(|status| status.is_file()))
    };
    assert!(
        Process::builder()
            .env(EARLY, "1")
            .spawn(is_open, ())?
            .join()?
    );
    Ok(())
}

/// Leaves a thread behind that never gives standard output back.
fn keep_standard_output(_: ()) -> u32 {
    let (told, is_kept) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _output = std::io::stdout().lock();
        told.send(()).expect("the function waits");
        sleep_for_ever();
    });
    is_kept.recv().expect("the thread runs");
    7
}

pub(super) fn a_thread_that_keeps_standard_output() -> Outcome {
    let mut process = Process::spawn(keep_standard_output, ())?;
    assert_eq!(process.join_timeout(PATIENCE)?, Some(7));
    Ok(())
}

fn many_handles(count: usize) -> Vec<Connection> {
    vec![pipe().expect("a pipe").0; count]
}

fn large_without_descriptors(size: usize) -> String {
    let limit = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Nofile, limit).expect("can be lowered");
    "x".repeat(size)
}

pub(super) fn a_result_that_cannot_be_sent() -> Outcome {
    let told = Process::spawn(many_handles, 300)?.join();
    assert!(
        matches!(told, Err(Error::TooManyHandles { count: 300, .. })),
        "{told:?}"
    );
    let told = Process::spawn(large_without_descriptors, 100_000)?.join();
    let text = told.expect_err("has no descriptor left").to_string();
    assert!(text.contains("ulimit -n"), "{text}");
    Ok(())
}

/// Starts a child, and may send it no signal any more when it drops it.
fn give_up_rights(_: ()) {
    let (here, there) = pipe().expect("a pipe");
    let process = Process::spawn(idle, there).expect("starts");
    here.recv::<()>().expect("the child runs");
    // SAFETY: (1) other threads could rely on the rights; (2) there are none;
    // (3) the child keeps its own.
    assert_eq!(unsafe { libc::setuid(54_321) }, 0);
    assert!(process.kill().is_err());
    drop(process);
}

/// As a service does it that begins as root.
pub(super) fn a_parent_without_rights_over_its_child() -> Outcome {
    if rustix::process::geteuid().is_root() {
        let mut process = Process::spawn(give_up_rights, ())?;
        process.join_timeout(PATIENCE)?.ok_or("it hangs")?;
    }
    Ok(())
}

pub(super) fn a_stopped_child_can_be_killed() -> Outcome {
    let (here, there) = pipe()?;
    let mut process = Process::spawn(idle, there)?;
    expect::<()>(&here)?;
    system::stop(process.id());
    assert!(process.is_alive());
    assert!(process.join_timeout(Duration::ZERO)?.is_none());
    system::signal(process.id(), Signal::CONT);
    system::stop(process.id());
    process.kill()?;
    let ended = process.join_timeout(PATIENCE);
    assert!(
        matches!(ended, Err(Error::Killed { signal: 9, .. })),
        "{ended:?}"
    );
    Ok(())
}

/// Forks without `exec`, as a C library may do: the copy holds the socket on
/// which the parent waits for an answer. Returns the copy's id.
fn fork_and_die(connection: Connection) {
    // SAFETY: (1) the copy could use what another thread holds; (2) it does
    // nothing but to wait; (3) the parent of both waits for this one.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        sleep_for_ever();
    }
    connection.send(&copy).expect("the parent listens");
    abort();
}

pub(super) fn a_grandchild_that_holds_the_socket() -> Outcome {
    let (here, there) = pipe()?;
    let mut process = Process::spawn(fork_and_die, there)?;
    let copy: i32 = expect(&here)?;
    let ended = process.join_timeout(PATIENCE);
    assert!(
        matches!(ended, Err(Error::Killed { signal: 6, .. })),
        "{ended:?}"
    );
    let copy = system::Watched::new(copy.unsigned_abs());
    copy.kill();
    copy.expect_end_of_orphan();
    Ok(())
}

static INTERRUPTIONS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_interruption(_signal: i32) {
    INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
}

/// Installs a handler that interrupts system calls, as `SA_RESTART` is not set.
fn interrupt_on(signal: i32) {
    // SAFETY: all zeroes is an action without flags and with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count_interruption as *const () as usize;
    // SAFETY: (1) a handler must be safe at any instruction; (2) this one only
    // adds to an atomic; (3) other processes have handlers of their own.
    let done = unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
    assert_eq!(done, 0);
}

/// Every wait goes on when a signal handler has interrupted it.
pub(super) fn signals_during_a_join() -> Outcome {
    interrupt_on(libc::SIGUSR1);
    // SAFETY: the calling thread's handle, which lives as long as this test.
    let main = unsafe { libc::pthread_self() };
    let (here, there) = pipe()?;
    let process = Process::spawn(super::wait_for_word, there)?;
    let pool = Pool::new(1)?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| -> Outcome {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // SAFETY: (1) the thread could be gone; (2) it waits for this
                // one at the end of the scope; (3) nobody else is involved.
                unsafe { libc::pthread_kill(main, libc::SIGUSR1) };
                std::thread::yield_now();
            }
        });
        scope.spawn(|| {
            while INTERRUPTIONS.load(Ordering::Relaxed) < 200 {
                std::thread::yield_now();
            }
            here.send(&9_u32).expect("the child listens");
        });
        assert_eq!(process.join()?, 9);
        let before = INTERRUPTIONS.load(Ordering::Relaxed);
        let mut rounds = 0;
        while INTERRUPTIONS.load(Ordering::Relaxed) < before + 200 {
            assert_eq!(pool.apply(super::same, "x".repeat(rounds))?.len(), rounds);
            rounds += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    Ok(())
}

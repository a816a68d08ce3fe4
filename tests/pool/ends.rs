//! The end of a pool and of the program that has one: nobody is left.

#![expect(unsafe_code, reason = "installs a signal handler")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use multiproc::{Connection, Error, Pool, Process, pipe};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tests::system::{self, Watched};
use tests::{Outcome, PATIENCE, expect, sleep_for_ever};

use super::work::{connect, connected_pool, hang, meet, square};

const MAP_FOR_EVER: &str = "TESTS_MAP_FOR_EVER";
const CLEAN_UP: &str = "TESTS_CLEAN_UP";

pub(super) fn close_finishes_what_is_queued() -> Outcome {
    let pool = Pool::new(2)?;
    let tasks = (0..500)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    pool.close();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.get()?, square(number));
    }
    // A pool that never had anything to do, and one that is done.
    Pool::new(3)?.close();
    let pool = Pool::new(1)?;
    pool.apply(square, 1)?;
    pool.close();
    Ok(())
}

/// Another thread goes on to read a lazy map, whose input never ends.
pub(super) fn close_waits_for_no_endless_input() -> Outcome {
    let pool = Pool::new(2)?;
    let sleep = |_: u64| std::thread::sleep(Duration::from_millis(1));
    let mut results = pool.imap(sleep, 0..)?;
    results.next().expect("there are more")?;
    std::thread::scope(|scope| -> Outcome {
        let reader = scope.spawn(|| results.filter(Result::is_err).collect());
        pool.close();
        let failed: Vec<Result<(), Error>> = reader.join().expect("ends");
        // What was sent is done, and another item tells that the pool is closed.
        assert!(!failed.is_empty());
        for result in failed {
            assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
        }
        Ok(())
    })
}

pub(super) fn terminate_cancels_what_is_queued() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let mut tasks = Vec::new();
    for number in 0..50 {
        let task: fn(u32) -> u32 = if number < 10 { pass } else { hang };
        tasks.push(pool.apply_async(task, number)?);
    }
    for _ in 0..2 {
        expect::<(u32, u32)>(&here)?;
    }
    pool.terminate();
    let mut cancelled = 0;
    for (number, task) in (0..).zip(tasks) {
        match task.get() {
            Ok(result) => assert_eq!(result, number),
            Err(Error::Cancelled) => cancelled += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(cancelled, 40);
    Ok(())
}

fn pass(number: u32) -> u32 {
    number
}

pub(super) fn dropping_ends_busy_workers() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let _tasks = [pool.apply_async(hang, 1)?, pool.apply_async(hang, 2)?];
    let mut workers = Vec::new();
    for _ in 0..2 {
        workers.push(Watched::new(expect::<(u32, u32)>(&here)?.1));
    }
    drop(pool);
    // They are gone when `drop` returns.
    let ended = multiproc::wait(&[&workers[0], &workers[1]], Some(Duration::ZERO))?;
    assert_eq!(ended.len(), 2);
    Ok(())
}

pub(super) fn a_task_outlives_its_pool() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let mut tasks = vec![pool.apply_async(hang, 1)?, pool.apply_async(hang, 2)?];
    expect::<(u32, u32)>(&here)?;
    drop(pool);
    for task in &mut tasks {
        let told = task.get_timeout(PATIENCE);
        assert!(matches!(told, Err(Error::Cancelled)), "{told:?}");
        task.cancel();
    }
    for task in tasks {
        let told = task.get();
        assert!(matches!(told, Err(Error::AlreadyJoined)), "{told:?}");
    }
    Ok(())
}

/// What the workers of a parent do at the moment when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Workers {
    Idle,
    Busy,
    Nested,
}

/// Owns a pool, and tells the ids of all workers below it.
fn own_a_pool((connection, workers): (Connection, Workers)) {
    let pool = Pool::builder()
        .workers(2)
        .initializer(connect, connection.clone())
        .build()
        .expect("can be made");
    let task: fn(u32) -> u32 = match workers {
        Workers::Idle => meet,
        Workers::Busy => hang,
        Workers::Nested => |_: u32| -> u32 {
            own_a_pool((super::work::line().clone(), Workers::Busy));
            0
        },
    };
    let tasks: Vec<_> = (0..2)
        .map(|number| pool.apply_async(task, number).expect("is sent"))
        .collect();
    for task in tasks {
        let _ = task.get();
    }
    connection.send(&()).expect("the test listens");
    sleep_for_ever();
}

fn kill_the_parent(workers: Workers, stop: bool) -> Outcome {
    let (here, there) = pipe()?;
    let parent = Process::spawn(own_a_pool, (there, workers))?;
    let count = if workers == Workers::Nested { 4 } else { 2 };
    let mut below = Vec::new();
    for _ in 0..count {
        below.push(Watched::new(expect::<(u32, u32)>(&here)?.1));
    }
    if workers == Workers::Idle {
        here.send(&())?;
        here.send(&())?;
        expect::<()>(&here)?;
    }
    if workers == Workers::Nested {
        below.extend(system::watch(&system::children(parent.id())));
        assert_eq!(below.len(), 6);
    }
    if stop {
        for worker in &below {
            system::stop(worker.id());
        }
    }
    parent.kill()?;
    assert!(parent.join().is_err());
    below.into_iter().for_each(Watched::expect_end_of_orphan);
    Ok(())
}

pub(super) fn the_parent_is_killed_and_workers_idle() -> Outcome {
    kill_the_parent(Workers::Idle, false)
}

pub(super) fn the_parent_is_killed_and_workers_are_busy() -> Outcome {
    kill_the_parent(Workers::Busy, false)
}

pub(super) fn the_parent_is_killed_and_workers_are_stopped() -> Outcome {
    kill_the_parent(Workers::Idle, true)?;
    kill_the_parent(Workers::Busy, true)
}

pub(super) fn the_parent_is_killed_and_there_are_nested_pools() -> Outcome {
    kill_the_parent(Workers::Nested, false)?;
    kill_the_parent(Workers::Nested, true)
}

// ---- programs of their own, in a process group of their own, as in a terminal

pub(super) fn is_to_map_for_ever() -> bool {
    std::env::var_os(MAP_FOR_EVER).is_some()
}

/// Prints the ids of its two workers once both are busy, and maps on.
pub(super) fn map_for_ever() {
    let (pool, here) = connected_pool(2).expect("can be made");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                let (_, id) = expect::<(u32, u32)>(&here).expect("it runs");
                println!("{id}");
            }
        });
        pool.map(hang, 0..100).expect("never ends");
    });
}

/// Starts such a program, and reads the ids it prints.
fn start_program(
    variable: &str,
) -> Result<(Child, Vec<Watched>), Box<dyn std::error::Error>> {
    let mut child = Command::new(std::env::current_exe()?)
        .env(variable, "1")
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = child.stdout.as_mut().ok_or("is piped")?;
    let ids = BufReader::new(output).lines().take(2);
    let ids = ids
        .map(|line| Ok(line?.parse()?))
        .collect::<Result<Vec<u32>, Box<dyn std::error::Error>>>()?;
    Ok((child, system::watch(&ids)))
}

fn interrupt(group: &Child) -> Outcome {
    let group = i32::try_from(group.id())?;
    let group = Pid::from_raw(group).ok_or("a process id")?;
    Ok(kill_process_group(group, Signal::INT)?)
}

pub(super) fn ctrl_c_during_a_map() -> Outcome {
    let (mut program, workers) = start_program(MAP_FOR_EVER)?;
    interrupt(&program)?;
    assert_eq!(program.wait()?.signal(), Some(libc::SIGINT));
    workers.into_iter().for_each(Watched::expect_end_of_orphan);
    let mut noise = String::new();
    let errors = program.stderr.as_mut().ok_or("is piped")?;
    errors.read_to_string(&mut noise)?;
    assert_eq!(noise, "");
    Ok(())
}

pub(super) fn is_to_clean_up() -> bool {
    std::env::var_os(CLEAN_UP).is_some()
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_interrupt(_signal: i32) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Finishes its tasks after Ctrl-C: its workers must not have died of it.
pub(super) fn clean_up() {
    let handler = note_interrupt as *const () as usize;
    // SAFETY: (1) a handler must be safe at any instruction; (2) this one only
    // stores to an atomic; (3) other processes have handlers of their own.
    unsafe { libc::signal(libc::SIGINT, handler) };
    let (pool, here) = connected_pool(2).expect("can be made");
    let tasks: Vec<_> = (0..2)
        .map(|number| pool.apply_async(meet, number).expect("is sent"))
        .collect();
    for _ in 0..2 {
        let (_, id) = expect::<(u32, u32)>(&here).expect("it runs");
        println!("{id}");
    }
    while !INTERRUPTED.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    for _ in 0..2 {
        here.send(&()).expect("the tasks listen");
    }
    for task in tasks {
        task.get().expect("has a result");
    }
    pool.close();
    std::process::exit(5);
}

pub(super) fn ctrl_c_to_a_program_that_cleans_up() -> Outcome {
    let (mut program, workers) = start_program(CLEAN_UP)?;
    interrupt(&program)?;
    assert_eq!(program.wait()?.code(), Some(5));
    workers.iter().for_each(Watched::expect_end);
    Ok(())
}

pub(super) fn many_pools_one_after_another() -> Outcome {
    for round in 0..40 {
        let pool = Pool::new(2)?;
        if round % 2 == 0 {
            assert_eq!(pool.map(square, 0..4)?, [0, 1, 4, 9]);
        }
        if round % 3 == 0 {
            pool.close();
        }
    }
    Ok(())
}

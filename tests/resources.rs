//! Too little of everything: descriptors, processes, memory, streams, folders.

use std::time::Duration;

use multiproc::{
    Array, Barrier, Connection, Error, Event, Pool, Process, Queue, Value, pipe,
    wait,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use tests::{Outcome, PATIENCE, Test, expect, isolated, run_one_by_one, system};

#[path = "resources/programs.rs"]
mod programs;

const TESTS: &[Test] = tests::list![
    two_hundred_live_processes_and_few_descriptors,
    a_pool_with_few_descriptors,
    thousands_of_queued_tasks_with_few_descriptors,
    a_message_whose_handles_do_not_fit,
    a_result_whose_handles_do_not_fit,
    nobody_counts_as_dead_for_want_of_descriptors,
    who_died_without_descriptors_counts_as_dead,
    too_little_memory,
    files_that_may_not_be_large,
    no_temporary_folder_and_no_shared_memory_folder,
    programs::standard_streams_that_are_closed,
    programs::standard_streams_that_were_closed_at_the_start,
    programs::a_parent_that_ignores_its_children,
    programs::an_executable_that_is_deleted,
    programs::an_executable_that_is_replaced,
    programs::too_few_processes,
    programs::too_many_descriptors_under_way,
];

fn main() {
    multiproc::init();
    if programs::has_part() {
        return programs::play_part();
    }
    // A user has as many descriptors under way in sockets as one of his processes
    // may open: those of a test with many children would count for one with few.
    run_one_by_one(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

fn square(number: u64) -> u64 {
    number * number
}

/// Limits this process and those that it starts from now on.
fn limit(resource: Resource, limit: u64) -> Outcome {
    let maximum = rustix::process::getrlimit(resource).maximum;
    let current = Some(limit);
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

fn two_hundred_live_processes_and_few_descriptors() -> Outcome {
    limit(Resource::Nofile, 256)?;
    let (_here, there) = pipe()?;
    let before = system::descriptors();
    let mut processes = Vec::new();
    let error = loop {
        assert!(processes.len() < 200, "the limit is not reached");
        let wait =
            |connection: multiproc::Connection| connection.recv::<()>().is_ok();
        match Process::spawn(wait, there.clone()) {
            Ok(process) => processes.push(process),
            Err(error) => break error,
        }
    };
    assert!(processes.len() > 40, "{} fit", processes.len());
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("ulimit -n"), "{error}");
    // A failed start has left nothing, and one that ends makes room.
    processes.pop();
    assert_eq!(Process::spawn(square, 3)?.join()?, 9);
    drop(processes);
    assert_eq!(system::descriptors(), before);
    Ok(())
}

/// Fewer workers than were asked for can be started: they do the work.
fn a_pool_with_few_descriptors() -> Outcome {
    limit(Resource::Nofile, 64)?;
    let pool = Pool::new(64)?;
    let squares: Vec<u64> = (0..500).map(square).collect();
    assert_eq!(pool.map(square, 0..500)?, squares);
    pool.close();

    // Not even one can be started; and then it can.
    let pool = Pool::new(2)?;
    let open = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok());
    let open: Vec<std::fs::File> = open.collect();
    let broken = pool.apply(square, 1);
    let Err(Error::Broken { source, .. }) = broken else {
        panic!("{broken:?}");
    };
    assert!(source.to_string().contains("ulimit -n"), "{source}");
    assert!(matches!(pipe(), Err(Error::Io { .. })));
    assert!(matches!(Value::new(1_u32), Err(Error::Io { .. })));
    assert!(matches!(Pool::new(1), Err(Error::Io { .. })));
    drop(open);
    assert_eq!(pool.apply(square, 5)?, 25);
    Ok(())
}

fn thousands_of_queued_tasks_with_few_descriptors() -> Outcome {
    limit(Resource::Nofile, 64)?;
    let gate = Event::new()?;
    let builder = Pool::builder().workers(2);
    let initializer = |gate: Event| gate.wait();
    let pool = builder.initializer(initializer, gate.clone()).build()?;
    let tasks = (0..5_000)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    // Up to here, all of them wait.
    gate.set();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.get()?, square(number));
    }
    Ok(())
}

fn a_message_whose_handles_do_not_fit() -> Outcome {
    let (left, right) = pipe()?;
    let (mine, yours) = pipe()?;
    left.send(&vec![yours.clone(); 40])?;
    left.send(&("next", yours))?;
    limit(Resource::Nofile, 32)?;
    let refused = right.recv::<Vec<multiproc::Connection>>();
    let Err(error) = refused else {
        panic!("{refused:?}");
    };
    assert!(error.to_string().contains("ulimit -n"), "{error}");
    // It is used up, and the next one is there.
    let (text, connection): (String, multiproc::Connection) = right.recv()?;
    connection.send(&text)?;
    assert_eq!(expect::<String>(&mine)?, "next");
    Ok(())
}

/// The result is used up. What is told then is not what a child without one would
/// be.
fn a_result_whose_handles_do_not_fit() -> Outcome {
    let many = |count| vec![pipe().expect("a pipe").0; count];
    let mut process = Process::spawn(many, 40_usize)?;
    wait(&[&process], Some(PATIENCE))?;
    limit(Resource::Nofile, 32)?;
    let refused = process.join_timeout(PATIENCE);
    let text = refused.expect_err("they do not fit").to_string();
    assert!(text.contains("ulimit -n"), "{text}");
    let again = process.join_timeout(PATIENCE);
    assert!(matches!(again, Err(Error::AlreadyJoined)), "{again:?}");
    Ok(())
}

/// Waits at the barrier once, and then for the end of the connection.
fn come_once((barrier, there): (Barrier, Connection)) {
    barrier.wait().expect("both come");
    assert!(there.recv::<()>().is_err());
}

/// Whether a party lives is asked of files in `/proc`, and none can be opened.
fn nobody_counts_as_dead_for_want_of_descriptors() -> Outcome {
    let (here, there) = pipe()?;
    let barrier = Barrier::new(2)?;
    let party = Process::spawn(come_once, (barrier.clone(), there))?;
    barrier.wait()?;
    let usual = rustix::process::getrlimit(Resource::Nofile).current;
    limit(Resource::Nofile, 0)?;
    // Far longer than the time between two looks for the dead.
    let alone = barrier.wait_timeout(Duration::from_secs(1));
    limit(Resource::Nofile, usual.unwrap_or(1 << 10))?;
    assert!(
        matches!(alone, Err(Error::BarrierBroken { pid: None })),
        "{alone:?}"
    );
    drop(here);
    party.join()?;
    Ok(())
}

fn take_and_die(queue: Queue<u32>) {
    limit(Resource::Nofile, 0).expect("can be limited");
    queue.get().expect("a number");
    std::process::abort();
}

/// It could not read in `/proc` when it was started.
fn who_died_without_descriptors_counts_as_dead() -> Outcome {
    let queue = Queue::new(2)?;
    queue.put(&7)?;
    let consumer = Process::spawn(take_and_die, queue.clone())?;
    let consumer_id = consumer.id();
    assert!(matches!(consumer.join(), Err(Error::Killed { .. })));
    let told = queue.join_timeout(PATIENCE);
    assert!(
        matches!(told, Err(Error::Lost { pid, count: 1 }) if pid == consumer_id),
        "{told:?}"
    );
    Ok(())
}

fn too_little_memory() -> Outcome {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kilobytes = kilobytes.and_then(|rest| rest.split_whitespace().next());
    let used = 1024 * kilobytes.ok_or("no size")?.parse::<u64>()?;
    limit(Resource::As, used + (1 << 20))?;
    let array = Array::<u8>::new(64 << 20);
    let text = array.err().ok_or("it fits")?.to_string();
    assert!(text.contains("ulimit -v"), "{text}");
    // There is no room for a thread's stack.
    let pool = Pool::new(2);
    assert!(matches!(pool, Err(Error::Io { .. })), "{pool:?}");
    limit(Resource::As, used + (1 << 30))?;
    assert_eq!(Array::<u8>::new(64 << 20)?.len(), 64 << 20);
    assert_eq!(Pool::new(2)?.map(square, [1, 2])?, [1, 4]);
    Ok(())
}

/// The limit counts for files in memory, too, and who exceeds it would be killed.
fn files_that_may_not_be_large() -> Outcome {
    let (left, right) = pipe()?;
    limit(Resource::Fsize, 10_000)?;
    let broken = Pool::new(2)?.apply(square, 1);
    let Err(Error::Broken { source, .. }) = broken else {
        panic!("{broken:?}");
    };
    let array = Array::<u8>::new(20_000).err().ok_or("it fits")?;
    let message = left.send(&"x".repeat(1_000_000)).err().ok_or("it fits")?;
    for error in [*source, array, message] {
        assert!(error.to_string().contains("ulimit -f"), "{error}");
    }
    // What is small needs no file, or a small one.
    left.send("small")?;
    assert_eq!(right.recv::<String>()?, "small");
    assert_eq!(Value::new(1_u32)?.load(), 1);
    Ok(())
}

/// Everything is done without a name in the file system.
fn use_everything(_: ()) -> Result<Vec<String>, Error> {
    let value = Value::new(1_u64)?;
    let pool = Pool::builder()
        .workers(2)
        .initializer(|value: Value<u64>| value.store(2), value.clone())
        .build()?;
    assert_eq!(pool.map(square, 0..4)?, [0, 1, 4, 9]);
    let array = Array::from_slice(&[1.5_f64; 10_000])?;
    assert_eq!(
        Process::spawn(|array: Array<f64>| array.len(), array.clone())?.join()?,
        10_000
    );
    let (left, right) = pipe()?;
    left.send(&"x".repeat(1_000_000))?;
    assert_eq!(right.recv::<String>()?.len(), 1_000_000);
    let open = system::descriptors().into_values();
    Ok(open.filter(|path| path.starts_with("/dev/shm")).collect())
}

fn no_temporary_folder_and_no_shared_memory_folder() -> Outcome {
    let builder = Process::builder().env("TMPDIR", "/does/not/exist");
    let mut process = builder.spawn(use_everything, ())?;
    let named = process.join_timeout(PATIENCE)?.ok_or("it hangs")??;
    assert_eq!(named, [""; 0]);
    Ok(())
}

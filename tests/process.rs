//! Process: results, ends of every kind, and what is left behind: nothing.

use std::process::Command;
use std::thread;
use std::time::Duration;

use multiproc::{Connection, Error, Process, current_process, pipe, wait};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tests::{Outcome, PATIENCE, Test, expect, isolated, run_isolated, system};

#[path = "process/ends.rs"]
mod ends;
#[path = "process/harness.rs"]
mod harness;
#[path = "process/orphans.rs"]
mod orphans;

const TESTS: &[Test] = tests::list![
    a_result_comes_back,
    results_of_any_size,
    a_closure_without_captures,
    values_cross_whole,
    a_name_and_a_parent,
    the_environment_is_as_configured,
    a_zero_timeout_says_running_at_once,
    a_timeout_can_be_retried,
    the_sentinel_tells_of_the_end,
    the_sentinel_stays,
    ten_threads_start_processes,
    a_child_outlives_the_thread_that_started_it,
    inherited_descriptors_are_closed,
    an_argument_that_serde_refuses,
    an_argument_that_cannot_be_read,
    a_result_that_serde_refuses,
    a_result_that_cannot_be_read,
    a_handle_comes_back_in_a_result,
    dropping_kills_and_reaps,
    a_detached_process_runs_on_and_is_reaped,
    a_process_inside_a_process,
    standard_output_can_be_closed,
    a_child_that_ignores_its_argument_of_handles,
    ends::an_exit_code_is_told,
    ends::an_exit_with_zero_is_no_result,
    ends::signals_are_told,
    ends::terminate_and_kill,
    ends::killed_before_they_are_ready,
    ends::a_panic_is_told,
    ends::a_panic_in_serde_code_is_told,
    ends::a_panic_is_never_mixed_up_with_an_earlier_one,
    ends::a_panic_whose_payload_panics,
    ends::a_child_that_dies_before_init,
    ends::tests_of_a_harness_are_not_run_by_children,
    ends::a_program_without_init,
    ends::what_was_opened_before_init_stays_open,
    ends::a_thread_that_keeps_standard_output,
    ends::a_result_that_cannot_be_sent,
    ends::a_parent_without_rights_over_its_child,
    ends::a_stopped_child_can_be_killed,
    ends::a_grandchild_that_holds_the_socket,
    ends::signals_during_a_join,
    harness::what_is_left_behind_is_noticed,
    orphans::no_child_outlives_its_parent,
    orphans::no_stopped_child_outlives_its_parent,
    orphans::no_child_that_has_not_begun_outlives_its_parent,
    orphans::no_detached_child_outlives_its_parent,
    orphans::a_whole_line_of_descendants_ends,
    orphans::an_interrupt_at_the_start,
    orphans::a_command_can_still_be_interrupted,
];

fn main() {
    if ends::is_to_die_before_init() {
        std::process::exit(7);
    }
    ends::open_early_if_told_to();
    orphans::stop_if_told_to();
    if ends::is_to_forget_init() {
        if let Err(error) = ends::forget_init() {
            eprintln!("{error}");
            std::process::exit(1);
        }
        return;
    }
    if ends::is_to_be_a_harness() {
        return ends::be_a_harness();
    }
    multiproc::init();
    run_isolated(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

fn seven(_: ()) -> u32 {
    7
}

fn a_result_comes_back() -> Outcome {
    let process = Process::spawn(seven, ())?;
    assert_ne!(process.id(), std::process::id());
    assert_eq!(process.join()?, 7);
    Ok(())
}

fn same(text: String) -> String {
    text
}

fn results_of_any_size() -> Outcome {
    let kilobytes = 1 << 10;
    for size in [
        0,
        1,
        64 * kilobytes - 4,
        64 * kilobytes,
        64 * kilobytes + 1,
        300_000,
        100_000_000,
    ] {
        let text = "x".repeat(size);
        assert_eq!(Process::spawn(same, text)?.join()?.len(), size);
    }
    Ok(())
}

fn a_closure_without_captures() -> Outcome {
    let doubled = Process::spawn(|number: i32| number * 2, 21)?.join()?;
    assert_eq!(doubled, 42);
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Circle { radius: f64 },
    Named(String, Vec<Option<Shape>>),
}

fn reversed(shapes: Vec<Shape>) -> Result<Vec<Shape>, Error> {
    Ok(shapes.into_iter().rev().collect())
}

fn values_cross_whole() -> Outcome {
    let mut shapes = vec![
        Shape::Nothing,
        Shape::Circle {
            radius: f64::MIN_POSITIVE,
        },
        Shape::Named("é\0".into(), vec![None, Some(Shape::Nothing)]),
    ];
    let crossed = Process::spawn(reversed, shapes.clone())?.join()??;
    shapes.reverse();
    assert_eq!(crossed, shapes);

    let failed: Result<u8, Error> = Process::spawn(
        |()| Process::spawn(seven, ())?.join().and(Err(Error::Closed)),
        (),
    )?
    .join()?;
    assert!(matches!(failed, Err(Error::Closed)));
    Ok(())
}

fn who(_: ()) -> (String, u32, u32) {
    let current = current_process();
    (current.name().into(), current.id(), current.parent_id())
}

fn a_name_and_a_parent() -> Outcome {
    let named = Process::builder().name("counter");
    let process = named.spawn(who, ())?;
    let expected = ("counter".into(), process.id(), std::process::id());
    assert_eq!(process.name(), "counter");
    assert_eq!(process.join()?, expected);

    let process = Process::spawn(who, ())?;
    let name = process.name().to_string();
    assert!(name.starts_with("Process-"), "{name}");
    assert_eq!(process.join()?.0, name);
    Ok(())
}

fn variables(names: Vec<String>) -> Vec<Option<String>> {
    names
        .into_iter()
        .map(|name| std::env::var(name).ok())
        .collect()
}

fn the_environment_is_as_configured() -> Outcome {
    let names = || vec!["SET".to_string(), "PATH".to_string()];
    let path = std::env::var("PATH").ok();
    let set = Some("yes".to_string());
    for (builder, expected) in [
        (Process::builder(), [None, path.clone()]),
        (
            Process::builder().env("SET", "yes"),
            [set.clone(), path.clone()],
        ),
        (Process::builder().env_remove("PATH"), [None, None]),
        (
            Process::builder().env("SET", "yes").env_clear(),
            [None, None],
        ),
        (
            Process::builder().env_clear().env("SET", "yes"),
            [set.clone(), None],
        ),
    ] {
        assert_eq!(builder.spawn(variables, names())?.join()?, expected);
    }
    Ok(())
}

/// Waits until the parent says something.
fn wait_for_word(connection: Connection) -> u32 {
    connection.recv().unwrap_or(0)
}

fn a_zero_timeout_says_running_at_once() -> Outcome {
    let (here, there) = pipe()?;
    let mut process = Process::spawn(wait_for_word, there)?;
    assert!(process.join_timeout(Duration::ZERO)?.is_none());
    assert!(process.is_alive());
    here.send(&5_u32)?;
    assert_eq!(process.join()?, 5);
    Ok(())
}

fn a_timeout_can_be_retried() -> Outcome {
    let (here, there) = pipe()?;
    let mut process = Process::spawn(wait_for_word, there)?;
    for _ in 0..2 {
        assert!(process.join_timeout(Duration::from_millis(10))?.is_none());
    }
    here.send(&6_u32)?;
    assert_eq!(process.join_timeout(PATIENCE)?, Some(6));
    assert!(!process.is_alive());
    let again = process.join_timeout(PATIENCE);
    assert!(matches!(again, Err(Error::AlreadyJoined)));
    process.kill()?;
    assert!(matches!(process.join(), Err(Error::AlreadyJoined)));
    Ok(())
}

fn the_sentinel_tells_of_the_end() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(wait_for_word, there)?;
    assert_eq!(wait(&[&process], Some(Duration::ZERO))?, [0; 0]);
    here.send(&5_u32)?;
    assert_eq!(wait(&[&process], Some(PATIENCE))?, [0]);
    assert!(!process.is_alive());
    assert_eq!(process.join()?, 5);
    Ok(())
}

fn the_sentinel_stays() -> Outcome {
    let (here, there) = pipe()?;
    let running = Process::spawn(wait_for_word, there)?;
    let mut joined = Process::spawn(seven, ())?;
    assert_eq!(joined.join_timeout(PATIENCE)?, Some(7));
    assert_eq!(wait(&[&running, &joined], Some(PATIENCE))?, [1]);
    here.send(&5_u32)?;
    assert_eq!(running.join()?, 5);
    Ok(())
}

fn ten_threads_start_processes() -> Outcome {
    let threads: Vec<_> = (0..10)
        .map(|thread| {
            thread::spawn(move || {
                (0..4)
                    .map(|number| {
                        let sum = |(one, two): (u32, u32)| one + two;
                        let process = Process::spawn(sum, (thread, number));
                        process.and_then(Process::join)
                    })
                    .sum::<Result<u32, Error>>()
            })
        })
        .collect();
    for (number, thread) in (0..).zip(threads) {
        let sum = thread.join().expect("does not panic")?;
        assert_eq!(sum, 4 * number + 6);
    }
    Ok(())
}

fn a_child_outlives_the_thread_that_started_it() -> Outcome {
    let (here, there) = pipe()?;
    let starter = thread::spawn(move || Process::spawn(wait_for_word, there));
    let process = starter.join().expect("does not panic")?;
    here.send(&5_u32)?;
    assert_eq!(process.join()?, 5);
    Ok(())
}

fn is_open(number: i32) -> bool {
    std::fs::read_link(format!("/proc/self/fd/{number}")).is_ok()
}

/// Also a descriptor that was opened without `CLOEXEC`, as C code does it.
fn inherited_descriptors_are_closed() -> Outcome {
    let null = std::fs::File::open("/dev/null")?;
    let other = rustix::io::dup(&null)?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&other);
    let is_inherited = Command::new("test")
        .args(["-e", &format!("/proc/self/fd/{number}")])
        .status()?;
    assert!(is_inherited.success(), "else this shows nothing");
    assert!(!Process::spawn(is_open, number)?.join()?);
    Ok(())
}

/// Refuses to be serialized, or to be read.
#[derive(Debug)]
enum Refuses {
    Writing,
    Reading,
}

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Refuses::Writing => Err(S::Error::custom("too secret to be written")),
            Refuses::Reading => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Refuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <()>::deserialize(from)?;
        Err(D::Error::custom("too secret to be read"))
    }
}

fn swallow(_: Refuses) {}

fn an_argument_that_serde_refuses() -> Outcome {
    let failed = Process::spawn(swallow, Refuses::Writing);
    let text = "the value cannot be serialized: too secret to be written";
    assert!(matches!(failed, Err(Error::Encode { .. })));
    assert_eq!(failed.expect_err("is one").to_string(), text);
    Ok(())
}

fn an_argument_that_cannot_be_read() -> Outcome {
    let failed = Process::spawn(swallow, Refuses::Reading)?.join();
    let text = "the bytes cannot be deserialized: too secret to be read";
    assert!(matches!(failed, Err(Error::Decode { .. })));
    assert_eq!(failed.expect_err("is one").to_string(), text);
    Ok(())
}

fn a_result_that_serde_refuses() -> Outcome {
    let failed = Process::spawn(|()| Refuses::Writing, ())?.join();
    let text = "the value cannot be serialized: too secret to be written";
    assert!(matches!(failed, Err(Error::Encode { .. })));
    assert_eq!(failed.expect_err("is one").to_string(), text);
    Ok(())
}

fn a_result_that_cannot_be_read() -> Outcome {
    let failed = Process::spawn(|()| Refuses::Reading, ())?.join();
    let text = "the bytes cannot be deserialized: too secret to be read";
    assert!(matches!(failed, Err(Error::Decode { .. })));
    assert_eq!(failed.expect_err("is one").to_string(), text);
    Ok(())
}

fn make_pipe(_: ()) -> Result<(Connection, Connection), Error> {
    pipe()
}

fn a_handle_comes_back_in_a_result() -> Outcome {
    let (left, right) = Process::spawn(make_pipe, ())?.join()??;
    left.send("through")?;
    assert_eq!(right.recv::<String>()?, "through");
    Ok(())
}

fn say_ready_and_wait(connection: Connection) {
    connection.send(&()).expect("the parent listens");
    let _ = connection.recv::<()>();
}

fn dropping_kills_and_reaps() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(say_ready_and_wait, there)?;
    let id = process.id();
    expect::<()>(&here)?;
    drop(process);
    assert!(!system::children(std::process::id()).contains(&id));
    Ok(())
}

fn a_detached_process_runs_on_and_is_reaped() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(say_ready_and_wait, there)?;
    let watched = system::Watched::new(process.id());
    process.detach();
    expect::<()>(&here)?;
    here.send(&())?;
    watched.expect_end_of_orphan();
    Ok(())
}

fn a_process_inside_a_process() -> Outcome {
    let nested = |depth: u32| -> Result<u32, Error> {
        fn below(depth: u32) -> Result<u32, Error> {
            match depth {
                0 => Ok(0),
                depth => Ok(1 + Process::spawn(below, depth - 1)?.join()??),
            }
        }
        below(depth)
    };
    assert_eq!(Process::spawn(nested, 4)?.join()??, 4);
    Ok(())
}

fn close_standard_streams(_: ()) -> u32 {
    ends::close(1);
    ends::close(2);
    println!("into nothing");
    3
}

fn standard_output_can_be_closed() -> Outcome {
    assert_eq!(Process::spawn(close_standard_streams, ())?.join()?, 3);
    Ok(())
}

/// A child that never looks at its descriptors must not keep them from closing.
fn a_child_that_ignores_its_argument_of_handles() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(|_: Connection| seven(()), there)?;
    let end = here.recv_timeout::<()>(PATIENCE);
    assert!(matches!(end, Err(Error::Disconnected)));
    assert_eq!(process.join()?, 7);
    Ok(())
}

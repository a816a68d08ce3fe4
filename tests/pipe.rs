//! Connections: messages that arrive whole, once and in order, or not at all.

#![expect(unsafe_code, reason = "interrupts system calls by signals")]

use std::cell::OnceCell;
use std::num::NonZeroU8;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use multiproc::{Connection, Error, Process, pipe, pipe_one_way, wait};
use rustix::process::Signal;
use rustix::time::ClockId;
use tests::{
    Outcome, PATIENCE, Test, expect, isolated, run_isolated, sleep_for_ever, system,
};

const TESTS: &[Test] = tests::list![
    values_and_bytes_of_any_size,
    large_values_between_processes,
    a_one_way_pipe_has_one_direction,
    what_was_sent_is_received_before_the_end,
    the_end_comes_when_the_last_holder_is_gone,
    a_killed_peer_is_the_end,
    sending_to_nobody_is_an_error,
    a_peer_that_dies_wakes_a_sender,
    a_stopped_peer_is_no_end,
    a_socket_made_non_blocking_is_waited_for,
    waits_can_have_an_end,
    few_large_messages_are_under_way,
    a_message_of_another_type_costs_only_itself,
    what_serde_refuses_is_not_sent,
    handles_travel_in_messages,
    a_thread_that_ends_can_still_talk,
    as_many_handles_as_the_system_carries,
    handles_that_nobody_takes_are_closed,
    wait_tells_which_are_ready,
    writers_of_one_end_do_not_mix,
    a_writer_killed_in_the_middle_tears_nothing,
    signals_interrupt_nothing,
];

fn main() {
    multiproc::init();
    run_isolated(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

const NOW: Duration = Duration::ZERO;

fn values_and_bytes_of_any_size() -> Outcome {
    let (left, right) = pipe()?;
    for size in [0, 1, 65_535, 65_536, 65_537, 300_000, 30_000_000] {
        let text = "x".repeat(size);
        left.send(&text)?;
        assert_eq!(right.recv::<String>()?, text);
        right.send_bytes(text.as_bytes())?;
        assert_eq!(left.recv_bytes()?, text.as_bytes());
    }
    right.send("a text")?;
    right.send(&(1_u8, Some(-2_i64), vec!['c'; 3]))?;
    right.send(&())?;
    assert_eq!(left.recv::<String>()?, "a text");
    let mixed: (u8, Option<i64>, Vec<char>) = left.recv()?;
    assert_eq!(mixed, (1, Some(-2), vec!['c'; 3]));
    left.recv::<()>()?;
    Ok(())
}

/// Sends everything back until the end.
fn echo(connection: Connection) {
    while let Ok(text) = connection.recv::<String>() {
        connection.send(&text).expect("the test listens");
    }
}

fn large_values_between_processes() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there)?;
    for size in [0, 65_536, 300_000, 100_000_000] {
        here.send(&"x".repeat(size))?;
        assert_eq!(expect::<String>(&here)?.len(), size);
    }
    drop(here);
    process.join()?;
    Ok(())
}

fn a_one_way_pipe_has_one_direction() -> Outcome {
    let (reader, writer) = pipe_one_way()?;
    writer.send(&1)?;
    assert_eq!(reader.recv::<i32>()?, 1);
    assert!(matches!(reader.send(&1), Err(Error::OneWay { .. })));
    assert!(matches!(reader.send_bytes(b"1"), Err(Error::OneWay { .. })));
    assert!(matches!(writer.recv::<i32>(), Err(Error::OneWay { .. })));
    assert!(matches!(writer.recv_bytes(), Err(Error::OneWay { .. })));
    assert!(matches!(
        writer.recv_timeout::<i32>(NOW),
        Err(Error::OneWay { .. })
    ));
    Ok(())
}

/// Sends `count` numbers and is gone.
fn send_numbers((connection, count): (Connection, u32)) {
    for number in 0..count {
        connection.send(&number).expect("the test listens");
    }
}

fn what_was_sent_is_received_before_the_end() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(send_numbers, (there, 20))?;
    process.join()?;
    for number in 0..20 {
        assert_eq!(here.recv::<u32>()?, number);
    }
    for _ in 0..3 {
        assert!(matches!(here.recv::<u32>(), Err(Error::Disconnected)));
        assert!(matches!(here.try_recv::<u32>(), Err(Error::Disconnected)));
        assert!(here.poll(NOW)?, "the end can be received at once");
    }
    Ok(())
}

fn the_end_comes_when_the_last_holder_is_gone() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there.clone())?;
    let copy = there.clone();
    drop(there);
    process.kill()?;
    assert!(process.join().is_err());
    assert_eq!(here.try_recv::<u32>()?, None);
    copy.send(&3)?;
    drop(copy);
    assert_eq!(here.recv::<i32>()?, 3);
    assert!(matches!(here.recv::<i32>(), Err(Error::Disconnected)));
    Ok(())
}

fn a_killed_peer_is_the_end() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there)?;
    here.send("ready")?;
    expect::<String>(&here)?;
    let receiver = thread::spawn(move || here.recv_timeout::<u32>(PATIENCE));
    process.kill()?;
    let told = receiver.join().expect("does not panic");
    assert!(matches!(told, Err(Error::Disconnected)), "{told:?}");
    assert!(process.join().is_err());
    Ok(())
}

fn sending_to_nobody_is_an_error() -> Outcome {
    let (left, right) = pipe()?;
    drop(right);
    assert!(matches!(left.send(&1), Err(Error::Disconnected)));
    let large = vec![0; 300_000];
    assert!(matches!(left.send_bytes(&large), Err(Error::Disconnected)));
    assert!(matches!(
        left.send_timeout(&1, NOW),
        Err(Error::Disconnected)
    ));
    Ok(())
}

fn do_nothing(connection: Connection) {
    connection.send(&()).expect("the test listens");
    sleep_for_ever();
}

fn a_peer_that_dies_wakes_a_sender() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(do_nothing, there)?;
    expect::<()>(&here)?;
    let sender = thread::spawn(move || {
        loop {
            if let Err(error) = here.send(&[7_u8; 1_000][..]) {
                return error;
            }
        }
    });
    // It may be killed before or while the sender waits for room.
    process.kill()?;
    let told = sender.join().expect("does not panic");
    assert!(matches!(told, Error::Disconnected), "{told:?}");
    assert!(process.join().is_err());
    Ok(())
}

fn a_stopped_peer_is_no_end() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there)?;
    system::stop(process.id());
    let text = "x".repeat(10_000);
    let mut sent = 0;
    while here.send_timeout(&text, NOW)? {
        sent += 1;
    }
    assert!(sent > 0);
    assert_eq!(here.try_recv::<String>()?, None);
    system::signal(process.id(), Signal::CONT);
    for _ in 0..sent {
        assert_eq!(expect::<String>(&here)?, text);
    }
    // What there was no room for was not sent at all.
    drop(here);
    process.join()?;
    Ok(())
}

/// Whoever shares an end can make it non-blocking for all. Whoever receives then
/// still sleeps until something comes, and does not ask again and again.
fn a_socket_made_non_blocking_is_waited_for() -> Outcome {
    let (here, there) = pipe()?;
    let (never, _kept) = pipe()?;
    rustix::io::ioctl_fionbio(&here, true)?;
    let late = thread::spawn(move || {
        // The time in which one that asks again and again uses its core.
        never.recv_timeout::<()>(Duration::from_secs(1))?;
        there.send(&7_u32)
    });
    let used = || rustix::time::clock_gettime(ClockId::ThreadCPUTime);
    let before = used();
    assert_eq!(here.recv::<u32>()?, 7);
    let used = Duration::try_from(used() - before)?;
    assert!(used < Duration::from_millis(100), "{used:?} of a core");
    late.join().expect("no panic")?;
    Ok(())
}

fn waits_can_have_an_end() -> Outcome {
    let (left, right) = pipe()?;
    let brief = Duration::from_millis(5);
    assert!(!left.poll(NOW)?);
    assert!(!left.poll(brief)?);
    assert_eq!(left.try_recv::<u8>()?, None);
    assert_eq!(left.recv_timeout::<u8>(brief)?, None);
    let mut sent = 0_u32;
    while right.send_timeout(&sent, brief)? {
        sent += 1;
    }
    assert!(left.poll(NOW)?);
    for number in 0..sent {
        assert_eq!(left.recv_timeout::<u32>(NOW)?, Some(number));
    }
    assert_eq!(left.try_recv::<u32>()?, None);
    // Longer than a system call can be told.
    right.send(&1)?;
    assert_eq!(left.recv_timeout::<i32>(Duration::MAX)?, Some(1));
    Ok(())
}

/// Else a fast sender would fill the machine's memory.
fn few_large_messages_are_under_way() -> Outcome {
    let (left, right) = pipe()?;
    // As large as it usually is; the system doubles it.
    rustix::net::sockopt::set_socket_send_buffer_size(&left, 106_496)?;
    for size in [100_000, 10_000_000] {
        let text = "x".repeat(size);
        let mut sent = 0;
        while left.send_timeout(&text, NOW)? {
            sent += 1;
        }
        assert!((1..=8).contains(&sent), "{sent} of {size} bytes");
        for _ in 0..sent {
            assert_eq!(right.recv::<String>()?.len(), size);
        }
    }
    Ok(())
}

fn a_message_of_another_type_costs_only_itself() -> Outcome {
    let (left, right) = pipe()?;
    for message in ["one", "two", "three"] {
        left.send(message)?;
    }
    assert_eq!(right.recv::<String>()?, "one");
    assert!(matches!(right.recv::<u8>(), Err(Error::Decode { .. })));
    assert_eq!(right.recv::<String>()?, "three");
    left.send_bytes(&[255; 40])?;
    assert!(matches!(right.recv::<String>(), Err(Error::Decode { .. })));
    Ok(())
}

struct Refuses;

impl serde::Serialize for Refuses {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

fn what_serde_refuses_is_not_sent() -> Outcome {
    let (left, right) = pipe()?;
    let refused = left.send(&(1, left.clone(), Refuses));
    assert!(matches!(refused, Err(Error::Encode { message }) if message == "no"));
    left.send(&2)?;
    assert_eq!(right.recv::<i32>()?, 2);
    assert_eq!(right.try_recv::<i32>()?, None);
    Ok(())
}

/// Answers on a connection that comes in a message.
fn answer_elsewhere(connection: Connection) -> Result<(), Error> {
    let (number, other): (u32, Connection) = connection.recv()?;
    other.send(&(number + 1))
}

fn handles_travel_in_messages() -> Outcome {
    let (here, there) = pipe()?;
    let process = Process::spawn(answer_elsewhere, there)?;
    let (mine, yours) = pipe()?;
    here.send(&(4_u32, yours))?;
    assert_eq!(expect::<u32>(&mine)?, 5);
    process.join()??;
    // Through large messages too, and an end through its own pipe.
    let (left, right) = pipe()?;
    left.send(&("x".repeat(200_000), left.clone()))?;
    let (text, again): (String, Connection) = right.recv()?;
    assert_eq!(text.len(), 200_000);
    again.send(&6)?;
    assert_eq!(right.recv::<i32>()?, 6);
    Ok(())
}

/// Talks when it is dropped, here with all else that is local to a thread.
struct Farewell(Connection);

impl Drop for Farewell {
    fn drop(&mut self) {
        let answer = self.0.recv::<String>().expect("the test talks");
        self.0.send(&answer).expect("the test listens");
        let refused = self.0.recv::<NonZeroU8>().expect_err("is zero");
        self.0.send(&refused).expect("the test listens");
        let refused = self.0.send(&self.0).expect_err("no handle travels here");
        self.0.send(&refused).expect("the test listens");
    }
}

fn a_thread_that_ends_can_still_talk() -> Outcome {
    thread_local! {
        static FAREWELL: OnceCell<Farewell> = const { OnceCell::new() };
    }
    let (here, there) = pipe()?;
    let thread = thread::spawn(move || {
        // It is dropped last, as it was the first that was made.
        FAREWELL
            .with(|farewell| farewell.get_or_init(|| Farewell(there)).0.clone())
            .send("begun")
    });
    here.send("farewell")?;
    here.send(&0_u8)?;
    assert_eq!(expect::<String>(&here)?, "begun");
    assert_eq!(expect::<String>(&here)?, "farewell");
    assert!(matches!(expect(&here)?, Error::Decode { .. }));
    assert!(expect::<Error>(&here)?.to_string().contains("a handle"));
    thread.join().expect("does not panic")?;
    Ok(())
}

fn as_many_handles_as_the_system_carries() -> Outcome {
    let (left, right) = pipe()?;
    let (mine, yours) = pipe()?;
    left.send(&vec![yours.clone(); 252])?;
    let copies: Vec<Connection> = right.recv()?;
    copies[251].send(&1)?;
    assert_eq!(mine.recv::<i32>()?, 1);
    let refused = left.send(&vec![yours.clone(); 300]);
    assert!(
        matches!(refused, Err(Error::TooManyHandles { count: 300, .. })),
        "{refused:?}"
    );
    // A large message needs one of them for itself.
    let refused = left.send(&("x".repeat(100_000), vec![yours; 253]));
    assert!(
        matches!(
            refused,
            Err(Error::TooManyHandles {
                count: 253,
                limit: 252
            })
        ),
        "{refused:?}"
    );
    left.send(&2)?;
    assert_eq!(right.recv::<i32>()?, 2);
    Ok(())
}

fn handles_that_nobody_takes_are_closed() -> Outcome {
    let (left, right) = pipe()?;
    let before = system::descriptors();
    for _ in 0..10 {
        let (mine, yours) = pipe()?;
        // Received as something else, as bytes, or not at all.
        left.send(&(1_u8, yours.clone()))?;
        left.send(&(1_u8, yours))?;
        assert!(right.recv::<String>().is_err());
        right.recv_bytes()?;
        assert!(matches!(mine.recv::<u8>(), Err(Error::Disconnected)));
    }
    assert_eq!(before, system::descriptors());
    let (mine, yours) = pipe()?;
    left.send(&yours)?;
    drop((left, right, yours));
    let told = mine.recv_timeout::<u8>(PATIENCE);
    assert!(matches!(told, Err(Error::Disconnected)), "{told:?}");
    Ok(())
}

fn wait_tells_which_are_ready() -> Outcome {
    assert_eq!(wait(&[], Some(NOW))?, [0; 0]);
    assert!(matches!(wait(&[], None), Err(Error::Zero { .. })));
    let pipes = (0..100).map(|_| pipe()).collect::<Result<Vec<_>, _>>()?;
    let process = Process::spawn(do_nothing, pipes[0].1.clone())?;
    expect::<()>(&pipes[0].0)?;
    let mut handles: Vec<&dyn AsFd> = vec![&process];
    handles.extend(pipes.iter().map(|(left, _)| left as &dyn AsFd));
    assert_eq!(wait(&handles, Some(NOW))?, [0; 0]);
    pipes[4].1.send(&1)?;
    pipes[99].1.send(&1)?;
    assert_eq!(wait(&handles, None)?, [5, 100]);
    // Until it is received.
    assert_eq!(wait(&handles, Some(PATIENCE))?, [5, 100]);
    pipes[4].0.recv::<i32>()?;
    pipes[99].0.recv::<i32>()?;
    process.kill()?;
    assert_eq!(wait(&handles, Some(PATIENCE))?, [0]);
    Ok(())
}

/// Sends messages of many sizes that say whose they are and how long.
fn send_sizes((connection, writer): (Connection, u32)) {
    for number in 0..200_u32 {
        let size = (number as usize * 7_919) % 150_000;
        let text = "abcdefgh"[writer as usize..=writer as usize].repeat(size);
        connection
            .send(&(writer, number, text))
            .expect("the test listens");
    }
}

fn writers_of_one_end_do_not_mix() -> Outcome {
    let (here, there) = pipe()?;
    let writers = (0..4)
        .map(|writer| Process::spawn(send_sizes, (there.clone(), writer)))
        .collect::<Result<Vec<_>, _>>()?;
    drop(there);
    let mut next = [0; 4];
    loop {
        let (writer, number, text): (u32, u32, String) = match here.recv() {
            Err(Error::Disconnected) => break,
            message => message?,
        };
        let writer = writer as usize;
        assert_eq!(number, next[writer]);
        next[writer] += 1;
        assert_eq!(text.len(), (number as usize * 7_919) % 150_000);
        let letter = b"abcdefgh"[writer];
        assert!(text.bytes().all(|byte| byte == letter));
    }
    assert_eq!(next, [200; 4]);
    for writer in writers {
        writer.join()?;
    }
    Ok(())
}

fn send_for_ever((connection, writer): (Connection, u32)) {
    let text = "x".repeat(1_000_000);
    for number in 0_u32.. {
        let sent = connection.send(&(writer, number, text.as_str()));
        sent.expect("the test listens");
    }
}

fn a_writer_killed_in_the_middle_tears_nothing() -> Outcome {
    let (here, there) = pipe()?;
    let steady = Process::spawn(send_for_ever, (there.clone(), 0))?;
    let mut expected = 0;
    for round in 1..=10 {
        let doomed = Process::spawn(send_for_ever, (there.clone(), round))?;
        let mut from_doomed = 0;
        let mut is_dead = false;
        let mut after = 0;
        while after < 3 {
            let (writer, number, text): (u32, u32, String) = expect(&here)?;
            assert_eq!(text.len(), 1_000_000);
            if writer == 0 {
                assert_eq!(number, expected);
                expected += 1;
                after += u32::from(is_dead);
            } else if writer == round && !is_dead {
                assert_eq!(number, from_doomed);
                from_doomed += 1;
                if from_doomed == 2 {
                    doomed.kill()?;
                    is_dead = true;
                }
            }
        }
        assert!(doomed.join().is_err());
    }
    steady.kill()?;
    drop(there);
    // What is under way is received, and then the end.
    loop {
        match here.recv_timeout::<(u32, u32, String)>(PATIENCE) {
            Ok(Some((_, _, text))) => assert_eq!(text.len(), 1_000_000),
            Err(Error::Disconnected) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(steady.join().is_err());
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

/// Runs `step` while signals interrupt this thread, until enough have.
fn interrupted(mut step: impl FnMut() -> Outcome) -> Outcome {
    // SAFETY: the calling thread's handle, used as long as this call lasts.
    let main = unsafe { libc::pthread_self() };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| -> Outcome {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // SAFETY: (1) the thread could be gone; (2) it waits for this
                // one at the end of the scope; (3) nobody else is involved.
                unsafe { libc::pthread_kill(main, libc::SIGUSR1) };
                thread::yield_now();
            }
        });
        let before = INTERRUPTIONS.load(Ordering::Relaxed);
        let mut outcome = Ok(());
        while outcome.is_ok() && INTERRUPTIONS.load(Ordering::Relaxed) < before + 200
        {
            outcome = step();
        }
        is_over.store(true, Ordering::Relaxed);
        outcome
    })
}

fn signals_interrupt_nothing() -> Outcome {
    interrupt_on(libc::SIGUSR1);
    let (here, there) = pipe()?;
    let process = Process::spawn(echo, there)?;
    let text = "x".repeat(300_000);
    interrupted(|| {
        here.send(&text)?;
        assert_eq!(here.recv::<String>()?, text);
        Ok(())
    })?;
    interrupted(|| {
        here.send("small")?;
        assert!(here.poll(PATIENCE)?);
        assert_eq!(expect::<String>(&here)?, "small");
        Ok(())
    })?;
    interrupted(|| {
        here.send("small")?;
        assert_eq!(wait(&[&here, &process], None)?, [0]);
        assert_eq!(here.recv::<String>()?, "small");
        Ok(())
    })?;
    // A sender that waits for room.
    interrupted(|| {
        let (near, far) = pipe()?;
        while near.send_timeout("before", NOW)? {}
        let before = INTERRUPTIONS.load(Ordering::Relaxed);
        thread::scope(|scope| {
            let reader = scope.spawn(|| -> Result<(), Error> {
                while INTERRUPTIONS.load(Ordering::Relaxed) < before + 20 {
                    thread::yield_now();
                }
                while far.recv::<String>()? != "last" {}
                Ok(())
            });
            near.send("last")?;
            Ok(reader.join().expect("does not panic")?)
        })
    })?;
    let brief = Duration::from_millis(2);
    interrupted(|| {
        assert_eq!(here.recv_timeout::<String>(brief)?, None);
        Ok(())
    })?;
    drop(here);
    process.join()?;
    Ok(())
}

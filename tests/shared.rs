//! Lock, Value and Array between processes, also when one dies under the lock.

use std::fs;
use std::ops::Range;
use std::process::abort;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};
use multiproc::{
    Array, ArrayGuard, Connection, Error, Lock, LockError, Process, Value, pipe,
};
use rustix::process::Pid;
use rustix::thread::gettid;
use tests::{Outcome, PATIENCE, expect, run, sleep_for_ever, system};

fn main() {
    multiproc::init();
    run(&[
        (
            "locked_increments_are_not_lost",
            locked_increments_are_not_lost,
        ),
        (
            "atomic_increments_are_not_lost",
            atomic_increments_are_not_lost,
        ),
        (
            "integers_wrap_like_their_type",
            integers_wrap_like_their_type,
        ),
        ("values_of_any_size", values_of_any_size),
        ("a_waiter_learns_of_a_death", a_waiter_learns_of_a_death),
        ("poison_stays_until_repaired", poison_stays_until_repaired),
        ("a_panic_poisons", a_panic_poisons),
        (
            "a_dead_holder_leaves_the_value",
            a_dead_holder_leaves_the_value,
        ),
        (
            "a_lock_can_be_tried_and_timed",
            a_lock_can_be_tried_and_timed,
        ),
        ("a_set_clock_is_no_matter", a_set_clock_is_no_matter),
        ("locking_twice_is_an_error", locking_twice_is_an_error),
        (
            "a_forgotten_guard_is_harmless",
            a_forgotten_guard_is_harmless,
        ),
        (
            "parts_of_an_array_are_independent",
            parts_of_an_array_are_independent,
        ),
        ("many_parts_at_once", many_parts_at_once),
        (
            "a_slot_in_use_again_holds_nobody_up",
            a_slot_in_use_again_holds_nobody_up,
        ),
        (
            "who_locks_again_lets_the_waiter_in",
            who_locks_again_lets_the_waiter_in,
        ),
        ("any_part_makes_room", any_part_makes_room),
        (
            "only_its_own_parts_are_a_deadlock",
            only_its_own_parts_are_a_deadlock,
        ),
        ("a_try_gets_what_is_free", a_try_gets_what_is_free),
        ("an_array_notices_a_death", an_array_notices_a_death),
        ("array_bounds", array_bounds),
        ("a_handle_outlives_its_sender", a_handle_outlives_its_sender),
        (
            "memory_outlives_a_killed_maker",
            memory_outlives_a_killed_maker,
        ),
        ("kills_at_random_moments", kills::at_random_moments),
    ]);
}

fn increment_locked((value, times): (Value<u64>, u32)) {
    for _ in 0..times {
        *value.lock().expect("nobody dies") += 1;
    }
}

fn locked_increments_are_not_lost() -> Outcome {
    let value = Value::new(0_u64)?;
    let argument = (value.clone(), 10_000);
    let workers = (0..4)
        .map(|_| Process::spawn(increment_locked, argument.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    for worker in workers {
        worker.join()?;
    }
    assert_eq!(value.get()?, 40_000);
    Ok(())
}

fn increment_atomically((value, times): (Value<i32>, u32)) {
    for _ in 0..times {
        value.fetch_add(1);
    }
}

fn atomic_increments_are_not_lost() -> Outcome {
    let value = Value::new(-5)?;
    let argument = (value.clone(), 10_000);
    let one = Process::spawn(increment_atomically, argument.clone())?;
    let two = Process::spawn(increment_atomically, argument)?;
    one.join()?;
    two.join()?;
    assert_eq!(value.load(), 19_995);
    Ok(())
}

fn integers_wrap_like_their_type() -> Outcome {
    let byte = Value::new(250_u8)?;
    assert_eq!(byte.fetch_add(10), 250);
    assert_eq!((byte.load(), byte.get()?), (4, 4));
    assert_eq!(byte.fetch_sub(5), 4);
    assert_eq!(*byte.lock()?, 255);

    let signed = Value::new(i16::MIN)?;
    assert_eq!(signed.fetch_sub(1), i16::MIN);
    assert_eq!(signed.load(), i16::MAX);
    signed.store(-3);
    assert_eq!(signed.fetch_update(|number| number * 7), -3);
    assert_eq!(signed.get()?, -21);

    let long = Value::new(u64::MAX)?;
    long.fetch_add(2);
    assert_eq!(long.get()?, 1);
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Odd {
    bytes: [u8; 13],
}

fn values_of_any_size() -> Outcome {
    Value::new(())?.set(())?;
    let odd = Value::new(Odd { bytes: [3; 13] })?;
    odd.lock()?.bytes[12] = 7;
    assert_eq!(odd.get()?.bytes, [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 7]);
    let wide = Value::new([1.5_f64; 100])?;
    wide.lock()?[99] = 2.5;
    assert_eq!(wide.get()?.iter().sum::<f64>(), 151.0);
    Ok(())
}

/// Takes the lock, says so, and keeps it.
fn hold((lock, connection): (Lock, Connection)) {
    let _guard = lock.lock();
    connection.send(&()).expect("the parent listens");
    sleep_for_ever();
}

/// Waits for the lock, and tells whether it was told of a death.
fn wait_for((lock, connection): (Lock, Connection)) -> Option<u32> {
    connection.send(&()).expect("the parent listens");
    match lock.lock() {
        Ok(_) => None,
        Err(LockError::Poisoned { pid, .. }) => Some(pid),
        Err(other) => panic!("{other}"),
    }
}

fn a_waiter_learns_of_a_death() -> Outcome {
    let lock = Lock::new()?;
    let (here, there) = pipe()?;
    let holder = Process::spawn(hold, (lock.clone(), there.clone()))?;
    let holder_id = holder.id();
    expect::<()>(&here)?;
    let mut waiter = Process::spawn(wait_for, (lock.clone(), there))?;
    expect::<()>(&here)?;
    see_asleep(waiter.id())?;
    holder.kill()?;
    assert_eq!(waiter.join_timeout(PATIENCE)?, Some(Some(holder_id)));
    let told = lock.lock().err();
    assert!(matches!(
        told,
        Some(LockError::Poisoned { pid, .. }) if pid == holder_id
    ));
    Ok(())
}

fn poison_stays_until_repaired() -> Outcome {
    let lock = Lock::new()?;
    let (here, there) = pipe()?;
    let holder = Process::spawn(hold, (lock.clone(), there))?;
    expect::<()>(&here)?;
    holder.kill()?;
    for _ in 0..3 {
        let told = lock.lock_timeout(PATIENCE).expect_err("is poisoned");
        assert!(matches!(told, LockError::Poisoned { .. }));
    }
    assert!(matches!(
        lock.try_lock().map_err(multiproc::Error::from),
        Err(Error::Poisoned { pid }) if pid == holder.id()
    ));
    lock.lock().or_else(LockError::into_guard)?.mark_repaired();
    assert!(lock.lock().is_ok());
    assert!(lock.try_lock()?.is_some());
    Ok(())
}

fn panic_under_the_lock(value: Value<u32>) {
    let mut guard = value.lock().expect("is whole");
    *guard = 99;
    panic!("half way");
}

fn a_panic_poisons() -> Outcome {
    let value = Value::new(1)?;
    let worker = Process::spawn(panic_under_the_lock, value.clone())?;
    let worker_id = worker.id();
    assert!(matches!(worker.join(), Err(Error::Panicked { .. })));
    match value.lock() {
        Err(LockError::Poisoned { guard, pid }) => {
            assert_eq!((*guard, pid), (1, worker_id));
            guard.mark_repaired();
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(value.get()?, 1);
    Ok(())
}

fn abort_under_the_lock(value: Value<[u64; 4]>) {
    let mut guard = value.lock().expect("is whole");
    guard[0] = 1;
    abort();
}

fn a_dead_holder_leaves_the_value() -> Outcome {
    let value = Value::new([7; 4])?;
    let worker = Process::spawn(abort_under_the_lock, value.clone())?;
    assert!(matches!(
        worker.join(),
        Err(Error::Killed { signal: 6, .. })
    ));
    assert!(matches!(value.get(), Err(Error::Poisoned { .. })));
    assert!(matches!(value.set([0; 4]), Err(Error::Poisoned { .. })));
    let guard = value.lock().or_else(LockError::into_guard)?;
    assert_eq!(*guard, [7; 4]);
    guard.mark_repaired();
    drop(guard);
    value.set([8; 4])?;
    assert_eq!(value.get()?, [8; 4]);
    Ok(())
}

fn a_lock_can_be_tried_and_timed() -> Outcome {
    let lock = Lock::new()?;
    let (here, there) = pipe()?;
    let mut holder = Process::spawn(hold, (lock.clone(), there))?;
    expect::<()>(&here)?;
    assert!(lock.try_lock()?.is_none());
    let brief = Duration::from_millis(20);
    let begin = Instant::now();
    assert!(lock.lock_timeout(brief)?.is_none());
    assert!(begin.elapsed() >= brief);
    assert!(holder.join_timeout(brief)?.is_none());
    Ok(())
}

/// Whoever sets the system's clock back must not make a wait longer. A test
/// cannot do that, but the kernel says which clock a sleeper goes by.
fn a_set_clock_is_no_matter() -> Outcome {
    let lock = Lock::new()?;
    let guard = lock.lock()?;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let lock = &lock;
        scope.spawn(move || {
            sender.send(gettid()).expect("the test listens");
            drop(lock.lock().expect("nobody died"));
        });
        let how = futex_call(receiver.recv()?)?;
        drop(guard);
        assert_eq!(how & libc::FUTEX_CLOCK_REALTIME as u64, 0, "{how:#x}");
        Ok(())
    })
}

/// How a thread sleeps on a word that processes share, once it does.
fn futex_call(thread: Pid) -> Result<u64, Box<dyn std::error::Error>> {
    let path = format!("/proc/self/task/{}/syscall", thread.as_raw_nonzero());
    // It says so to nobody, so there is no event.
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let call = fs::read_to_string(&path)?;
        let mut words = call.split_whitespace();
        let number = words.next().map(str::parse);
        let how = words.nth(1).and_then(|how| how.strip_prefix("0x"));
        if let (Some(Ok(libc::SYS_futex)), Some(how)) = (number, how) {
            let how = u64::from_str_radix(how, 16)?;
            if how & libc::FUTEX_PRIVATE_FLAG as u64 == 0 {
                return Ok(how);
            }
        }
        thread::yield_now();
    }
    Err("did not sleep within 30 s".into())
}

fn locking_twice_is_an_error() -> Outcome {
    let lock = Lock::new()?;
    let value = Value::new(0)?;
    let array = Array::from_slice(&[1, 2, 3])?;
    let _guards = (lock.lock()?, value.lock()?, array.lock_range(0..1)?);
    let deadlock = |error: Error| matches!(error, Error::Deadlock);
    assert!(lock.lock().map_err(Error::from).is_err_and(deadlock));
    assert!(value.lock().map_err(Error::from).is_err_and(deadlock));
    assert!(array.lock().map_err(Error::from).is_err_and(deadlock));
    assert!(lock.try_lock().map_err(Error::from).is_err_and(deadlock));
    assert!(array.try_lock().map_err(Error::from).is_err_and(deadlock));
    assert_eq!(array.get(2)?, 3);
    // Another thread of this process waits, as another process would.
    thread::scope(|scope| {
        let other =
            scope.spawn(|| lock.try_lock().is_ok_and(|guard| guard.is_none()));
        assert!(matches!(other.join(), Ok(true)));
    });
    Ok(())
}

/// The C library's list of held locks must not lead into unmapped memory.
#[expect(clippy::mem_forget, reason = "is what this test is about")]
fn a_forgotten_guard_is_harmless() -> Outcome {
    for _ in 0..3 {
        let lock = Lock::new()?;
        std::mem::forget(lock.lock()?);
        let array = Array::from_slice(&[1_u8, 2])?;
        std::mem::forget(array.lock()?);
        drop((lock, array));
        let next = Lock::new()?;
        drop(next.lock()?);
    }
    // Other handles of a lock that is held leave nothing.
    let lock = Lock::new()?;
    let guard = lock.lock()?;
    let (here, there) = pipe()?;
    let before = system::descriptors().len();
    for _ in 0..800 {
        here.send(&lock)?;
        drop(expect::<Lock>(&there)?);
    }
    // Other tests that run at the same time open some, too.
    let after = system::descriptors().len();
    assert!(after < before + 400, "{before} descriptors, then {after}");
    drop(guard);
    // A thread's end gives up what it held.
    let lock = Lock::new()?;
    thread::scope(|scope| {
        scope.spawn(|| std::mem::forget(lock.lock()));
    });
    assert!(matches!(lock.lock(), Err(LockError::Poisoned { pid, .. })
        if pid == std::process::id()));
    Ok(())
}

/// Fills its part, then waits for the others before it gives the part up.
fn fill((array, part, connection): (Array<u64>, usize, Connection)) {
    let mut elements = array
        .lock_range(part * 10..part * 10 + 10)
        .expect("nobody dies");
    elements.fill(part as u64 + 1);
    connection.send(&()).expect("the parent listens");
    connection.recv::<()>().expect("the parent answers");
}

fn parts_of_an_array_are_independent() -> Outcome {
    let array = Array::new(40)?;
    let mut workers = Vec::new();
    for part in 0..4 {
        let (here, there) = pipe()?;
        let argument = (array.clone(), part, there);
        workers.push((here, Process::spawn(fill, argument)?));
    }
    for (here, _) in &workers {
        expect::<()>(here)?;
    }
    assert!(array.try_lock()?.is_none());
    let brief = Duration::from_millis(10);
    assert!(array.lock_range_timeout(39.., brief)?.is_none());
    for (here, worker) in workers {
        here.send(&())?;
        worker.join()?;
    }
    let expected: Vec<u64> = (0..40).map(|index| index / 10 + 1).collect();
    assert_eq!(array.to_vec()?, expected);
    Ok(())
}

/// More threads than there are slots, each with a part of its own and others'.
fn many_parts_at_once() -> Outcome {
    let array = Array::<u32>::new(50)?;
    thread::scope(|scope| {
        for first in 0..48 {
            let array = &array;
            scope.spawn(move || {
                for _ in 0..200 {
                    let range = first..=first + 2;
                    let mut part = array.lock_range(range).expect("no death");
                    part.iter_mut().for_each(|element| *element += 1);
                }
            });
        }
    });
    let elements = array.to_vec()?;
    assert_eq!(elements[..3], [200, 400, 600]);
    assert!(elements[2..48].iter().all(|&element| element == 600));
    Ok(())
}

/// Waits for one element, and gives it up.
fn pass((array, index): (Array<u8>, usize)) {
    drop(array.lock_range(index..=index).expect("nobody dies"));
}

/// Starts a worker that waits for one element, and sees it asleep.
fn waiter_for(
    array: &Array<u8>,
    index: usize,
) -> Result<Process<()>, Box<dyn std::error::Error>> {
    let waiter = Process::spawn(pass, (array.clone(), index))?;
    see_asleep(waiter.id())?;
    Ok(waiter)
}

/// Waits until a process sleeps in a lock.
///
/// Only the kernel knows that somebody does, and it sends no message; so this asks
/// it until it says so.
fn see_asleep(waiter: u32) -> Outcome {
    let tasks = format!("/proc/{waiter}/task");
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        for task in fs::read_dir(&tasks)? {
            let state = fs::read_to_string(task?.path().join("stat"))?;
            if state.contains("(in a lock) S") {
                return Ok(());
            }
        }
        thread::yield_now();
    }
    Err("nobody waited within 30 s".into())
}

/// Locks each of the elements as a part of its own.
fn parts(
    array: &Array<u8>,
    elements: Range<usize>,
) -> Result<Vec<ArrayGuard<'_, u8>>, Error> {
    elements
        .map(|index| Ok(array.lock_range(index..=index)?))
        .collect()
}

/// The slot that the waiter sleeps at is the only free one for the next part.
fn a_slot_in_use_again_holds_nobody_up() -> Outcome {
    let array = Array::new(50)?;
    let first = array.lock_range(..1)?;
    let mut others = parts(&array, 10..41)?;
    let mut waiter = waiter_for(&array, 0)?;
    drop(first);
    let _next = array.lock_range(5..6)?;
    drop(others.pop());
    assert_eq!(waiter.join_timeout(PATIENCE)?, Some(()));
    Ok(())
}

fn who_locks_again_lets_the_waiter_in() -> Outcome {
    let array = Array::new(50)?;
    let first = array.lock_range(..1)?;
    let mut waiter = waiter_for(&array, 0)?;
    drop(first);
    let _next = array.lock_range(5..6)?;
    assert_eq!(waiter.join_timeout(PATIENCE)?, Some(()));
    Ok(())
}

fn any_part_makes_room() -> Outcome {
    let array = Array::new(50)?;
    let mut all = parts(&array, 0..32)?;
    let mut waiter = waiter_for(&array, 40)?;
    drop(all.swap_remove(20));
    assert_eq!(waiter.join_timeout(PATIENCE)?, Some(()));
    Ok(())
}

/// Takes all parts that can still be had, and gives one up when told.
fn hold_parts((array, connection): (Array<u8>, Connection)) {
    let mut held = parts(&array, 1..32).expect("nobody dies");
    connection.send(&()).expect("the parent listens");
    connection.recv::<()>().expect("the parent answers");
    drop(held.swap_remove(20));
    sleep_for_ever();
}

fn only_its_own_parts_are_a_deadlock() -> Outcome {
    let array = Array::new(50)?;
    let all = parts(&array, 0..32)?;
    let told = array.lock_range(40..).map_err(Error::from);
    assert!(matches!(told, Err(Error::Deadlock)));
    drop(all);

    let _first = array.lock_range(..1)?;
    let (here, there) = pipe()?;
    let _holder = Process::spawn(hold_parts, (array.clone(), there))?;
    expect::<()>(&here)?;
    let brief = Duration::from_millis(20);
    assert!(array.lock_range_timeout(40.., brief)?.is_none());
    let told = array.lock_range(..2).map_err(Error::from);
    assert!(matches!(told, Err(Error::Deadlock)));
    here.send(&())?;
    assert!(array.lock_range_timeout(40.., PATIENCE)?.is_some());
    Ok(())
}

fn pass_for_ever((array, connection): (Array<u8>, Connection)) {
    connection.send(&()).expect("the parent listens");
    loop {
        pass((array.clone(), 0));
    }
}

/// Who looks at the slots for a moment holds no part.
fn a_try_gets_what_is_free() -> Outcome {
    let array = Array::<u8>::new(2)?;
    let (here, there) = pipe()?;
    let _others = [
        Process::spawn(pass_for_ever, (array.clone(), there.clone()))?,
        Process::spawn(pass_for_ever, (array.clone(), there))?,
    ];
    expect::<()>(&here)?;
    expect::<()>(&here)?;
    let brief = Duration::ZERO;
    let mut missed = 0;
    for _ in 0..20_000 {
        let begin = Instant::now();
        let is_missed = array.lock_range_timeout(1.., brief)?.is_none();
        // Who loses its core while it looks is waited for, but not for long.
        let is_waited_for = begin.elapsed() >= Duration::from_millis(100);
        missed += u32::from(is_missed && !is_waited_for);
    }
    eprintln!("missed: {missed} of 20000");
    assert!(missed < 20, "missed {missed} of 20000");
    Ok(())
}

fn abort_with_a_part(array: Array<u8>) {
    let mut part = array.lock_range(2..4).expect("is whole");
    part[0] = 9;
    abort();
}

fn an_array_notices_a_death() -> Outcome {
    let array = Array::from_slice(&[1; 6])?;
    let worker = Process::spawn(abort_with_a_part, array.clone())?;
    let worker_id = worker.id();
    assert!(worker.join().is_err());
    // The death counts for the whole array.
    match array.lock_range(..1) {
        Err(LockError::Poisoned { guard, pid }) => {
            assert_eq!((guard.len(), pid), (1, worker_id));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(array.get(3), Err(Error::Poisoned { .. })));
    let mut guard = array.lock().or_else(LockError::into_guard)?;
    assert_eq!(*guard, [1, 1, 9, 1, 1, 1]);
    guard[2] = 1;
    guard.mark_repaired();
    drop(guard);
    assert_eq!(array.to_vec()?, [1; 6]);
    Ok(())
}

fn array_bounds() -> Outcome {
    let array = Array::from_slice(&[1, 2, 3])?;
    assert_eq!((array.get(2)?, array.len()), (3, 3));
    array.set(0, 5)?;
    assert_eq!(array.to_vec()?, [5, 2, 3]);
    assert!(matches!(
        array.get(3),
        Err(Error::OutOfRange {
            index: 3,
            length: 3
        })
    ));
    assert!(array.set(usize::MAX, 0).is_err());
    assert!(array.lock_range(2..9).is_err());
    assert!(array.lock_range(..=usize::MAX).is_err());
    assert_eq!(array.lock_range(3..)?.len(), 0);
    assert!(Array::<u64>::new(usize::MAX).is_err());

    let nothing = Array::<f64>::new(0)?;
    assert!(nothing.is_empty() && nothing.to_vec()?.is_empty());
    assert!(nothing.get(0).is_err());
    let zero_sized = Array::<()>::new(5)?;
    assert_eq!(zero_sized.to_vec()?.len(), 5);
    assert!(Array::<()>::new(usize::MAX)?.get(usize::MAX).is_err());
    Ok(())
}

fn make_value(number: u64) -> Value<u64> {
    Value::new(number).expect("there is memory")
}

/// The memory lives as long as somebody has it, whoever made it.
fn a_handle_outlives_its_sender() -> Outcome {
    let value = Process::spawn(make_value, 41)?.join()?;
    value.fetch_add(1);
    assert_eq!(value.get()?, 42);
    Ok(())
}

type Memory = (Value<u64>, Array<u8>, Lock);

fn make_memory(connection: Connection) {
    let value = Value::new(7).expect("there is memory");
    let array = Array::from_slice(&[1, 2, 3]).expect("there is memory");
    let lock = Lock::new().expect("there is memory");
    let made: Memory = (value, array, lock);
    connection.send(&made).expect("the parent listens");
    sleep_for_ever();
}

fn use_memory(((value, array, lock), connection): (Memory, Connection)) {
    value.fetch_add(1);
    array.set(1, 9).expect("nobody died under the lock");
    drop(lock.lock().expect("nobody died under the lock"));
    connection.send(&()).expect("the parent listens");
    sleep_for_ever();
}

/// Neither its maker nor somebody else who had it takes it along. It has no
/// name anywhere, so nothing is left when the last one drops it.
fn memory_outlives_a_killed_maker() -> Outcome {
    let (here, there) = pipe()?;
    let maker = Process::spawn(make_memory, there.clone())?;
    let memory: Memory = expect(&here)?;
    maker.kill()?;
    assert!(maker.join().is_err());
    for _ in 0..2 {
        let argument = (memory.clone(), there.clone());
        let user = Process::spawn(use_memory, argument)?;
        expect::<()>(&here)?;
        user.kill()?;
        assert!(user.join().is_err());
    }
    let (value, array, lock) = memory;
    assert_eq!((value.get()?, array.to_vec()?), (9, vec![1, 9, 3]));
    assert!(lock.lock().is_ok());
    let maps = fs::read_to_string("/proc/self/maps")?;
    // All that it shares, as the second column says, and not what has a name in
    // a folder that is called like the library.
    let permissions = |line: &&str| line.split(' ').nth(1).map(str::to_string);
    let mut shared = maps
        .lines()
        .filter(|line| permissions(line).is_some_and(|all| all.ends_with('s')));
    assert!(shared.all(|line| line.ends_with("/memfd:multiproc (deleted)")));
    Ok(())
}

/// Workers that are killed while they take, change and release.
mod kills {
    use super::*;
    use tests::Random;

    /// Moves between two elements, so that the sum is the same except under the
    /// lock; says which of the locks is meant.
    fn move_for_ever((value, array, lock): (Value<[u64; 4]>, Array<u64>, Lock)) {
        let mut random = Random::seeded(u64::from(std::process::id()));
        loop {
            let amount = random.below(5);
            if let Ok(mut numbers) = value.lock() {
                numbers[0] = numbers[0].wrapping_add(amount);
                numbers[3] = numbers[3].wrapping_sub(amount);
            }
            if let Ok(mut numbers) = array.lock_range(1..3) {
                numbers[0] = numbers[0].wrapping_add(amount);
                numbers[1] = numbers[1].wrapping_sub(amount);
            }
            drop(lock.lock());
        }
    }

    pub(super) fn at_random_moments() -> Outcome {
        let mut random = Random::for_test("kills_at_random_moments");
        let value = Value::new([100_u64; 4])?;
        let array = Array::from_slice(&[100_u64; 4])?;
        let lock = Lock::new()?;
        let argument = (value.clone(), array.clone(), lock.clone());
        let mut poisoned = [0; 3];
        for _ in 0..150 {
            let workers = [
                Process::spawn(move_for_ever, argument.clone())?,
                Process::spawn(move_for_ever, argument.clone())?,
            ];
            // Not a wait for something: the moment of the kill is the input.
            let moment = 1_500 + random.below(1_500);
            thread::sleep(Duration::from_micros(moment));
            drop(workers);

            match value.lock_timeout(PATIENCE) {
                Ok(guard) => assert_eq!(total(&*guard.expect("is free")), 400),
                Err(LockError::Poisoned { guard, .. }) => {
                    poisoned[0] += 1;
                    let mut guard = guard;
                    *guard = [100; 4];
                    guard.mark_repaired();
                }
                Err(other) => panic!("{other}"),
            }
            match array.lock_timeout(PATIENCE) {
                Ok(guard) => assert_eq!(total(&guard.expect("is free")), 400),
                Err(LockError::Poisoned { guard, .. }) => {
                    poisoned[1] += 1;
                    let mut guard = guard;
                    guard.fill(100);
                    guard.mark_repaired();
                }
                Err(other) => panic!("{other}"),
            }
            match lock.lock_timeout(PATIENCE) {
                Ok(guard) => assert!(guard.is_some(), "is free"),
                Err(LockError::Poisoned { guard, .. }) => {
                    poisoned[2] += 1;
                    guard.mark_repaired();
                }
                Err(other) => panic!("{other}"),
            }
        }
        eprintln!("poisoned: {poisoned:?} of 150 each");
        Ok(())
    }

    fn total(numbers: &[u64]) -> u64 {
        numbers
            .iter()
            .fold(0, |sum, &number| sum.wrapping_add(number))
    }
}

//! Semaphore, Event, Condition and Barrier between processes, also when one of
//! them dies.

use std::process::{abort, exit};
use std::thread;
use std::time::Duration;

use multiproc::{
    Array, Barrier, Condition, Connection, Error, Event, Lock, LockError, Process,
    Semaphore, Value, pipe,
};
use rustix::time::{ClockId, clock_gettime};
use tests::soak::pass_time;
use tests::{Outcome, PATIENCE, Random, expect, run, sleep_for_ever, system};

fn main() {
    if std::env::var_os(NEVER_BEGIN).is_some() {
        sleep_for_ever();
    }
    multiproc::init();
    run(&[
        ("permits_are_limited", permits_are_limited),
        ("a_waiter_gets_a_permit_back", a_waiter_gets_a_permit_back),
        (
            "a_dead_holders_permit_is_told",
            a_dead_holders_permit_is_told,
        ),
        ("a_waiter_gets_a_dead_holders_permit", a_waiter_and_a_death),
        (
            "all_permits_of_the_dead_come_back",
            all_permits_of_the_dead_come_back,
        ),
        (
            "a_permit_of_a_panic_comes_back",
            a_permit_of_a_panic_comes_back,
        ),
        (
            "a_stopped_holder_keeps_nobody_busy",
            a_stopped_holder_keeps_nobody_busy,
        ),
        ("impossible_numbers", impossible_numbers),
        ("an_event_lets_all_go", an_event_lets_all_go),
        ("an_event_can_be_cleared", an_event_can_be_cleared),
        ("a_short_set_is_not_missed", a_short_set_is_not_missed),
        ("a_condition_wakes_waiters", a_condition_wakes_waiters),
        ("a_condition_takes_all_guards", a_condition_takes_all_guards),
        ("a_condition_can_be_timed", a_condition_can_be_timed),
        ("a_notified_waiter_may_die", a_notified_waiter_may_die),
        ("a_condition_passes_poison_on", a_condition_passes_poison_on),
        (
            "a_barrier_meets_again_and_again",
            a_barrier_meets_again_and_again,
        ),
        (
            "a_dead_waiter_breaks_the_barrier",
            a_dead_waiter_breaks_the_barrier,
        ),
        (
            "who_dies_on_the_way_breaks_it",
            who_dies_on_the_way_breaks_it,
        ),
        (
            "who_dies_before_it_begins_breaks_it",
            who_dies_before_it_begins_breaks_it,
        ),
        ("who_panics_breaks_it", who_panics_breaks_it),
        ("who_leaves_does_not", who_leaves_does_not),
        ("a_timeout_breaks_the_barrier", a_timeout_breaks_the_barrier),
        (
            "one_of_many_looks_for_the_dead",
            one_of_many_looks_for_the_dead,
        ),
        ("abort_and_reset", abort_and_reset),
        ("kills_at_random_moments", kills_at_random_moments),
    ]);
}

fn use_permits((permits, inside, most): (Semaphore, Value<i64>, Value<i64>)) {
    for _ in 0..200 {
        let permit = permits.acquire().expect("permits are in order");
        let now = inside.fetch_add(1) + 1;
        most.fetch_update(|most| most.max(now));
        thread::yield_now();
        inside.fetch_sub(1);
        drop(permit);
    }
}

fn permits_are_limited() -> Outcome {
    let permits = Semaphore::new(2)?;
    let (inside, most) = (Value::new(0)?, Value::new(0)?);
    let argument = (permits.clone(), inside, most.clone());
    let workers = (0..5)
        .map(|_| Process::spawn(use_permits, argument.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    for worker in workers {
        worker.join()?;
    }
    assert!((1..=2).contains(&most.load()));
    assert_eq!(permits.available(), 2);
    let both = (permits.acquire()?, permits.acquire()?);
    assert!(permits.try_acquire()?.is_none());
    assert!(permits.acquire_timeout(Duration::from_millis(5))?.is_none());
    drop(both);
    assert_eq!(permits.available(), 2);
    Ok(())
}

fn acquire_and_tell((permits, connection): (Semaphore, Connection)) -> Option<u32> {
    connection.send(&()).expect("the parent listens");
    let permit = permits.acquire().expect("permits are in order");
    permit.recovered_from()
}

fn a_waiter_gets_a_permit_back() -> Outcome {
    let permits = Semaphore::new(1)?;
    let permit = permits.acquire()?;
    let (here, there) = pipe()?;
    let argument = (permits.clone(), there);
    let mut worker = Process::spawn(acquire_and_tell, argument)?;
    expect::<()>(&here)?;
    drop(permit);
    assert_eq!(worker.join_timeout(PATIENCE)?, Some(None));
    Ok(())
}

fn hold_permits((permits, connection): (Semaphore, Connection)) {
    let first = permits.acquire();
    let _second = permits.acquire();
    drop(first);
    connection.send(&()).expect("the parent listens");
    sleep_for_ever();
}

fn a_dead_holders_permit_is_told() -> Outcome {
    let permits = Semaphore::new(3)?;
    let (here, there) = pipe()?;
    let holder = Process::spawn(hold_permits, (permits.clone(), there))?;
    expect::<()>(&here)?;
    holder.kill()?;
    let holder_id = holder.id();
    assert!(holder.join().is_err());
    // Two are free, but the next acquire is told all the same.
    let first = permits.acquire()?;
    assert_eq!(first.recovered_from(), Some(holder_id));
    let others = (permits.acquire()?, permits.acquire()?);
    assert_eq!(others.0.recovered_from(), None);
    assert!(permits.try_acquire()?.is_none());
    drop(first);
    assert_eq!(permits.acquire()?.recovered_from(), None);
    Ok(())
}

fn a_waiter_and_a_death() -> Outcome {
    let permits = Semaphore::new(2)?;
    let (here, there) = pipe()?;
    let argument = (permits.clone(), there.clone());
    let holder = Process::spawn(hold_permits, argument)?;
    expect::<()>(&here)?;
    let other = permits.acquire()?;
    let argument = (permits.clone(), there);
    let mut waiter = Process::spawn(acquire_and_tell, argument)?;
    expect::<()>(&here)?;
    holder.kill()?;
    let told = waiter.join_timeout(PATIENCE)?;
    assert_eq!(told, Some(Some(holder.id())));
    drop(other);
    Ok(())
}

fn hold_as_many_as_it_gets((permits, connection): (Semaphore, Connection)) {
    let mut held = Vec::new();
    let refused = loop {
        match permits.acquire() {
            Ok(permit) => held.push(permit),
            Err(error) => break error,
        }
    };
    // A lock is one of them, too.
    let lock = Lock::new().expect("there is memory");
    assert!(lock.lock().is_err());
    held.pop();
    assert!(lock.lock().is_ok());
    let told = (held.len(), refused);
    connection.send(&told).expect("the parent listens");
    sleep_for_ever();
}

/// The kernel gives back no more than 2,048 locks of a dead thread.
fn all_permits_of_the_dead_come_back() -> Outcome {
    let all = 2100;
    let permits = Semaphore::new(all)?;
    let (here, there) = pipe()?;
    let holder = Process::spawn(hold_as_many_as_it_gets, (permits.clone(), there))?;
    let (held, refused) = expect::<(usize, Error)>(&here)?;
    assert!(refused.to_string().contains("2,000 locks"), "{refused}");
    assert!((1000..all).contains(&held), "{held}");
    assert_eq!(permits.available(), all - held);
    let id = holder.id();
    holder.kill()?;
    assert!(holder.join().is_err());
    for _ in 0..held {
        assert_eq!(permits.acquire()?.recovered_from(), Some(id));
    }
    assert_eq!(permits.available(), all);
    Ok(())
}

fn panic_with_a_permit(permits: Semaphore) {
    let _permit = permits.acquire();
    panic!("with a permit");
}

fn a_permit_of_a_panic_comes_back() -> Outcome {
    let permits = Semaphore::new(1)?;
    let worker = Process::spawn(panic_with_a_permit, permits.clone())?;
    assert!(matches!(worker.join(), Err(Error::Panicked { .. })));
    assert_eq!(permits.acquire()?.recovered_from(), None);
    Ok(())
}

fn acquire_for_ever((permits, connection): (Semaphore, Connection)) {
    connection.send(&()).expect("the parent listens");
    loop {
        drop(permits.acquire().expect("permits are in order"));
    }
}

/// It may be stopped at any instruction, also when it is about to have the permit,
/// or to have given it back.
fn a_stopped_holder_keeps_nobody_busy() -> Outcome {
    let permits = Semaphore::new(1)?;
    let (here, there) = pipe()?;
    let holder = Process::spawn(acquire_for_ever, (permits.clone(), there))?;
    expect::<()>(&here)?;
    let brief = Duration::from_millis(50);
    let mut waits = 0;
    while waits < 30 {
        system::stop(holder.id());
        let before = clock_gettime(ClockId::ThreadCPUTime);
        if permits.acquire_timeout(brief)?.is_none() {
            let used = clock_gettime(ClockId::ThreadCPUTime) - before;
            assert!(Duration::try_from(used)? < brief / 2, "{used:?}");
            waits += 1;
        }
        signal(&holder, rustix::process::Signal::CONT)?;
    }
    Ok(())
}

fn impossible_numbers() -> Outcome {
    assert!(matches!(Semaphore::new(0), Err(Error::Zero { .. })));
    assert!(matches!(Barrier::new(0), Err(Error::Zero { .. })));
    for most in [1 << 30, usize::MAX] {
        let huge = Semaphore::new(most);
        assert!(matches!(huge, Err(Error::Io { .. })));
    }
    let huge = Barrier::new(65_536);
    assert!(matches!(huge, Err(Error::Io { .. })));
    assert_eq!(Barrier::new(1)?.wait()?, 0);
    Ok(())
}

fn wait_for_event((event, connection): (Event, Connection)) -> bool {
    connection.send(&()).expect("the parent listens");
    event.wait();
    event.is_set()
}

fn an_event_lets_all_go() -> Outcome {
    let event = Event::new()?;
    let (here, there) = pipe()?;
    let mut workers = (0..4)
        .map(|_| {
            let argument = (event.clone(), there.clone());
            Process::spawn(wait_for_event, argument)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for _ in 0..4 {
        expect::<()>(&here)?;
    }
    event.set();
    for worker in &mut workers {
        assert_eq!(worker.join_timeout(PATIENCE)?, Some(true));
    }
    event.wait();
    Ok(())
}

fn set_and_die(event: Event) {
    event.set();
    abort();
}

fn an_event_can_be_cleared() -> Outcome {
    let event = Event::new()?;
    assert!(!event.is_set());
    assert!(!event.wait_timeout(Duration::from_millis(5)));
    assert!(Process::spawn(set_and_die, event.clone())?.join().is_err());
    assert!(event.wait_timeout(Duration::ZERO));
    event.set();
    event.clear();
    event.clear();
    assert!(!event.is_set());
    assert!(!event.wait_timeout(Duration::ZERO));
    Ok(())
}

/// A waiter goes on also when the event is cleared before it gets to look.
fn a_short_set_is_not_missed() -> Outcome {
    let event = Event::new()?;
    for _ in 0..200 {
        thread::scope(|scope| {
            let waiter = scope.spawn(|| event.wait_timeout(PATIENCE));
            while !waiter.is_finished() {
                event.set();
                event.clear();
                thread::yield_now();
            }
            assert!(waiter.join().is_ok_and(|was_set| was_set));
        });
    }
    Ok(())
}

type Turn = (Value<u32>, Condition, u32);

/// Counts on each time that the number is its own one modulo three.
fn take_turns((value, changed, own): Turn) -> Result<(), Error> {
    for _ in 0..300 {
        let guard = value.lock()?;
        let mut guard = changed.wait_while(guard, |number| *number % 3 != own)?;
        *guard += 1;
        drop(guard);
        changed.notify_all();
    }
    Ok(())
}

fn a_condition_wakes_waiters() -> Outcome {
    let (value, changed) = (Value::new(0)?, Condition::new()?);
    let mut workers = (0..3)
        .map(|own| {
            let argument = (value.clone(), changed.clone(), own);
            Process::spawn(take_turns, argument)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for worker in &mut workers {
        worker.join_timeout(PATIENCE)?.expect("ends")?;
    }
    assert_eq!(value.get()?, 900);
    Ok(())
}

type Three = (Lock, Value<u8>, Array<u8>, Condition, Connection);

fn notify_three((lock, value, array, changed, connection): Three) {
    for _ in 0..3 {
        connection.recv::<()>().expect("the parent tells when");
        drop(lock.lock());
        value.set(7).expect("is in order");
        array.set(1, 7).expect("is in order");
        changed.notify_one();
    }
}

fn a_condition_takes_all_guards() -> Outcome {
    let (lock, value, array) =
        (Lock::new()?, Value::new(0)?, Array::from_slice(&[0; 3])?);
    let changed = Condition::new()?;
    let (here, there) = pipe()?;
    let argument = (
        lock.clone(),
        value.clone(),
        array.clone(),
        changed.clone(),
        there,
    );
    let worker = Process::spawn(notify_three, argument)?;

    let guard = lock.lock()?;
    here.send(&())?;
    let (guard, notified) = changed.wait_timeout(guard, PATIENCE)?;
    assert!(notified);
    drop(guard);

    let mut guard = value.lock()?;
    *guard = 1;
    here.send(&())?;
    let (guard, done) =
        changed.wait_while_timeout(guard, |number| *number != 7, PATIENCE)?;
    assert!(done);
    drop(guard);

    let mut guard = array.lock_range(..2)?;
    guard[1] = 1;
    here.send(&())?;
    let guard = changed.wait_while(guard, |part| part[1] != 7)?;
    assert_eq!(*guard, [0, 7]);
    drop(guard);
    worker.join()?;
    Ok(())
}

fn a_condition_can_be_timed() -> Outcome {
    let (lock, changed) = (Lock::new()?, Condition::new()?);
    let brief = Duration::from_millis(5);
    let (guard, notified) = changed.wait_timeout(lock.lock()?, brief)?;
    assert!(!notified);
    let (guard, done) = changed.wait_while_timeout(guard, |_| true, brief)?;
    assert!(!done);
    let (guard, done) = changed.wait_while_timeout(guard, |_| false, brief)?;
    assert!(done);
    // It has the lock again.
    let deadlock = lock.lock().map_err(Error::from);
    assert!(matches!(deadlock, Err(Error::Deadlock)));
    drop(guard);
    changed.notify_all();
    changed.notify_one();
    Ok(())
}

fn wait_and_take(
    (tokens, changed, connection): (Value<u32>, Condition, Connection),
) {
    let guard = tokens.lock().expect("is in order");
    connection.send(&()).expect("the parent listens");
    let mut guard = changed
        .wait_while(guard, |tokens| *tokens == 0)
        .expect("is in order");
    *guard -= 1;
}

/// The one that is woken is stopped, then killed: the other one has to look by
/// itself.
fn a_notified_waiter_may_die() -> Outcome {
    for victim in 0..2 {
        let (tokens, changed) = (Value::new(0)?, Condition::new()?);
        let (here, there) = pipe()?;
        let mut waiters = Vec::new();
        for _ in 0..2 {
            let argument = (tokens.clone(), changed.clone(), there.clone());
            waiters.push(Process::spawn(wait_and_take, argument)?);
            expect::<()>(&here)?;
        }
        let victim = waiters.remove(victim);
        // While this process has the lock, both are in the condition.
        let mut guard = tokens.lock()?;
        signal(&victim, rustix::process::Signal::STOP)?;
        *guard = 1;
        drop(guard);
        changed.notify_one();
        victim.kill()?;
        assert_eq!(waiters[0].join_timeout(PATIENCE)?, Some(()));
        assert_eq!(tokens.get()?, 0);
    }
    Ok(())
}

fn signal(process: &Process<()>, signal: rustix::process::Signal) -> Outcome {
    let id = rustix::process::Pid::from_raw(i32::try_from(process.id())?);
    rustix::process::kill_process(id.ok_or("an id")?, signal)?;
    Ok(())
}

fn die_under_the_lock((value, changed): (Value<u32>, Condition)) {
    let mut guard = value.lock().expect("is in order");
    *guard = 1;
    changed.notify_all();
    abort();
}

fn a_condition_passes_poison_on() -> Outcome {
    let (value, changed) = (Value::new(0)?, Condition::new()?);
    let guard = value.lock()?;
    let argument = (value.clone(), changed.clone());
    let worker = Process::spawn(die_under_the_lock, argument)?;
    let waited = changed.wait_while_timeout(guard, |number| *number == 0, PATIENCE);
    match waited {
        Err(LockError::Poisoned { pid, .. }) => assert_eq!(pid, worker.id()),
        other => panic!("{other:?}"),
    }
    Ok(())
}

/// Everybody is in the same round, or between two.
fn meet((barrier, round, rounds): (Barrier, Value<u64>, u64)) -> usize {
    let mut first = 0;
    for number in 0..rounds {
        assert_eq!(round.load(), number);
        if barrier.wait().expect("all live") == 0 {
            first += 1;
            round.fetch_add(1);
        }
        barrier.wait().expect("all live");
    }
    first
}

fn a_barrier_meets_again_and_again() -> Outcome {
    let (barrier, round) = (Barrier::new(4)?, Value::new(0)?);
    let argument = (barrier.clone(), round.clone(), 200);
    let workers = (0..3)
        .map(|_| Process::spawn(meet, argument.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut first = meet(argument);
    for worker in workers {
        first += worker.join()?;
    }
    // One of the four came first in each round.
    assert_eq!((first, round.load()), (200, 200));
    assert_eq!((barrier.parties(), barrier.waiting()), (4, 0));
    Ok(())
}

fn wait_at((barrier, connection): (Barrier, Connection)) -> Result<usize, Error> {
    connection.send(&()).expect("the parent listens");
    barrier.wait()
}

fn is_broken_by(result: &Result<usize, Error>, by: Option<u32>) -> bool {
    matches!(result, Err(Error::BarrierBroken { pid }) if *pid == by)
}

fn a_dead_waiter_breaks_the_barrier() -> Outcome {
    let barrier = Barrier::new(3)?;
    let (here, there) = pipe()?;
    let argument = (barrier.clone(), there);
    let victim = Process::spawn(wait_at, argument.clone())?;
    let mut other = Process::spawn(wait_at, argument)?;
    expect::<()>(&here)?;
    expect::<()>(&here)?;
    while barrier.waiting() < 2 {
        thread::yield_now();
    }
    let victim_id = victim.id();
    victim.kill()?;
    let told = other.join_timeout(PATIENCE)?.expect("it is told");
    assert!(is_broken_by(&told, Some(victim_id)), "{told:?}");
    assert!(barrier.is_broken());
    assert!(is_broken_by(&barrier.wait(), Some(victim_id)));
    barrier.reset();
    assert!(!barrier.is_broken());
    Ok(())
}

fn never_come(
    (_barrier, connection): (Barrier, Connection),
) -> Result<usize, Error> {
    connection.send(&()).expect("the parent listens");
    connection.recv::<()>().expect("the parent answers");
    exit(3);
}

fn who_dies_on_the_way_breaks_it() -> Outcome {
    let barrier = Barrier::new(2)?;
    let (here, there) = pipe()?;
    let victim = Process::spawn(never_come, (barrier.clone(), there))?;
    let victim_id = victim.id();
    expect::<()>(&here)?;
    thread::scope(|scope| {
        let waiter = scope.spawn(|| barrier.wait());
        while barrier.waiting() == 0 {
            thread::yield_now();
        }
        here.send(&())?;
        let told = waiter.join().expect("no panic");
        assert!(is_broken_by(&told, Some(victim_id)), "{told:?}");
        Ok(())
    })
}

/// Makes a process sleep before it has read its arguments.
const NEVER_BEGIN: &str = "MULTIPROC_TEST_NEVER_BEGIN";

fn who_dies_before_it_begins_breaks_it() -> Outcome {
    let barrier = Barrier::new(2)?;
    let (_here, there) = pipe()?;
    let builder = Process::builder().env(NEVER_BEGIN, "");
    let victim = builder.spawn(wait_at, (barrier.clone(), there.clone()))?;
    let victim_id = victim.id();
    let mut other = Process::spawn(wait_at, (barrier.clone(), there.clone()))?;
    victim.kill()?;
    assert!(victim.join().is_err());
    let told = other.join_timeout(PATIENCE)?.expect("it is told");
    assert!(is_broken_by(&told, Some(victim_id)), "{told:?}");

    // Nobody is left in the list who does not come.
    barrier.reset();
    let (here, there) = pipe()?;
    let second = Process::spawn(wait_at, (barrier.clone(), there))?;
    expect::<()>(&here)?;
    let mut places = [barrier.wait()?, second.join()??];
    places.sort_unstable();
    assert_eq!(places, [0, 1]);
    Ok(())
}

fn panic_on_the_way((_barrier, _): (Barrier, Connection)) -> Result<usize, Error> {
    panic!("on the way");
}

fn who_panics_breaks_it() -> Outcome {
    let barrier = Barrier::new(2)?;
    let (_here, there) = pipe()?;
    let victim = Process::spawn(panic_on_the_way, (barrier.clone(), there))?;
    let told = barrier.wait();
    assert!(is_broken_by(&told, Some(victim.id())), "{told:?}");
    Ok(())
}

fn pass_on(barrier: Barrier) -> Barrier {
    barrier
}

fn who_leaves_does_not() -> Outcome {
    let barrier = Process::spawn(pass_on, Barrier::new(2)?)?.join()?;
    let (here, there) = pipe()?;
    let other = Process::spawn(wait_at, (barrier.clone(), there))?;
    expect::<()>(&here)?;
    let mut places = [barrier.wait()?, other.join()??];
    places.sort_unstable();
    assert_eq!(places, [0, 1]);
    Ok(())
}

fn a_timeout_breaks_the_barrier() -> Outcome {
    let barrier = Barrier::new(3)?;
    let (here, there) = pipe()?;
    let mut other = Process::spawn(wait_at, (barrier.clone(), there))?;
    expect::<()>(&here)?;
    let told = barrier.wait_timeout(Duration::from_millis(5));
    assert!(is_broken_by(&told, None), "{told:?}");
    let told = other.join_timeout(PATIENCE)?.expect("it is told");
    assert!(is_broken_by(&told, None), "{told:?}");
    Ok(())
}

/// How often these processes have read a file, and how often they have slept.
fn reads_and_sleeps<T>(processes: &[Process<T>]) -> Result<[u64; 2], Error> {
    let number = |process: &Process<T>, file: &str, name: &str| {
        let path = format!("/proc/{}/{file}", process.id());
        let text = std::fs::read_to_string(path).expect("it lives");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("is told")
            .trim()
            .parse::<u64>()
            .expect("a number")
    };
    let mut sums = [0, 0];
    for process in processes {
        sums[0] += number(process, "io", "syscr:");
        sums[1] += number(process, "status", "voluntary_ctxt_switches:");
    }
    Ok(sums)
}

/// If each looked at all others, hundreds of them would keep the machine busy.
fn one_of_many_looks_for_the_dead() -> Outcome {
    const PARTIES: usize = 40;
    let barrier = Barrier::new(PARTIES + 1)?;
    let (here, there) = pipe()?;
    let argument = (barrier.clone(), there);
    let parties = (0..PARTIES).map(|_| Process::spawn(wait_at, argument.clone()));
    let parties = parties.collect::<Result<Vec<_>, _>>()?;
    while barrier.waiting() < PARTIES {
        thread::yield_now();
    }
    let before = reads_and_sleeps(&parties)?;
    let [reads, sleeps] = loop {
        let now = reads_and_sleeps(&parties)?;
        let [reads, sleeps] = [now[0] - before[0], now[1] - before[1]];
        if sleeps > 10 * PARTIES as u64 {
            break [reads, sleeps];
        }
        thread::yield_now();
    };
    // Two reads for each party that is looked at.
    assert!(reads < 20 * sleeps, "{reads} reads, {sleeps} sleeps");
    barrier.wait()?;
    for party in parties {
        party.join()??;
    }
    drop(here);
    Ok(())
}

fn abort_and_reset() -> Outcome {
    let barrier = Barrier::new(2)?;
    for by_reset in [false, true] {
        let (here, there) = pipe()?;
        let mut other = Process::spawn(wait_at, (barrier.clone(), there))?;
        expect::<()>(&here)?;
        while barrier.waiting() == 0 {
            thread::yield_now();
        }
        if by_reset {
            barrier.reset();
        } else {
            barrier.abort();
            assert!(is_broken_by(&barrier.wait(), None));
            barrier.abort();
        }
        let told = other.join_timeout(PATIENCE)?.expect("it is told");
        assert!(is_broken_by(&told, None), "{told:?}");
        barrier.reset();
    }
    let (_here, there) = pipe()?;
    let other = Process::spawn(wait_at, (barrier.clone(), there))?;
    barrier.wait()?;
    other.join()??;
    Ok(())
}

type Everything = (Semaphore, Event, Condition, Barrier, Value<u64>);

fn use_everything((permits, event, changed, barrier, value): Everything) {
    loop {
        drop(permits.acquire());
        event.wait_timeout(Duration::from_micros(50));
        event.set();
        event.clear();
        if let Ok(mut guard) = value.lock().or_else(LockError::into_guard) {
            guard.mark_repaired();
            *guard += 1;
            let wait = Duration::from_micros(50);
            drop(changed.wait_timeout(guard, wait));
        }
        changed.notify_one();
        if barrier.wait().is_err() {
            barrier.reset();
        }
    }
}

fn kills_at_random_moments() -> Outcome {
    let mut random = Random::for_test("kills_at_random_moments");
    let everything = (
        Semaphore::new(2)?,
        Event::new()?,
        Condition::new()?,
        Barrier::new(2)?,
        Value::new(0)?,
    );
    let (permits, event, changed, barrier, value) = &everything;
    let start = || Process::spawn(use_everything, everything.clone());
    let mut workers = [start()?, start()?, start()?];
    for _ in 0..300 {
        pass_time(&mut random, Duration::from_millis(4));
        workers[random.below(3) as usize] = start()?;
    }
    // Somebody still gets on: the barrier is met, or broken and reset.
    // The last one may have been killed under the lock.
    let before = *value.lock().or_else(LockError::into_guard)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let deadline = std::time::Instant::now() + PATIENCE;
            while std::time::Instant::now() < deadline {
                let guard = value.lock().or_else(LockError::into_guard);
                let guard = guard.expect("is in order");
                if *guard > before + 10 {
                    return;
                }
                drop(guard);
                thread::yield_now();
            }
            panic!("nobody gets on");
        });
    });
    drop(workers);
    let all = [permits.acquire_timeout(PATIENCE)?, permits.try_acquire()?];
    assert!(all.iter().all(Option::is_some));
    assert_eq!(permits.available(), 0);
    event.set();
    event.wait();
    changed.notify_all();
    barrier.reset();
    let (_here, there) = pipe()?;
    let other = Process::spawn(wait_at, (barrier.clone(), there))?;
    barrier.wait_timeout(PATIENCE)?;
    other.join()??;
    Ok(())
}

//! Tasks that take too long or are not wanted any more.

use std::time::{Duration, Instant};

use multiproc::{Error, Pool, Value, pipe};
use tests::{Outcome, PATIENCE, Random, expect};

use super::work::{
    connect, connected_pool, count, count_in, hang, ignore_sigterm, meet,
    run_in_time, square, worker_id,
};

pub(super) fn a_timeout_costs_only_its_task() -> Outcome {
    let (here, there) = pipe()?;
    let limit = Duration::from_millis(100);
    let pool = Pool::builder()
        .workers(1)
        .task_timeout(limit)
        .initializer(connect, there)
        .build()?;
    let late = pool.apply_async(hang, 1)?;
    let next = pool.apply_async(worker_id, 0)?;
    let told = late.get();
    let Err(Error::TimedOut { pid: id, after }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(after, limit);
    // Mostly it has come as far as to tell its id.
    if let Some((_, named)) = here.try_recv::<(u32, u32)>()? {
        assert_eq!(named, id);
    }
    let next = match next.get() {
        // It ran, and its worker lost its core for too long.
        Err(Error::TimedOut { pid, .. }) => pid,
        next => next?,
    };
    assert_ne!(next, id);
    assert_ne!(run_in_time(&pool, limit, worker_id)?, id);
    Ok(())
}

pub(super) fn a_worker_that_ignores_sigterm_times_out() -> Outcome {
    let limit = Duration::from_millis(50);
    let pool = Pool::builder().workers(1).task_timeout(limit).build()?;
    let told = pool.apply(ignore_sigterm, ());
    assert!(matches!(told, Err(Error::TimedOut { .. })), "{told:?}");
    run_in_time(&pool, limit, worker_id)?;
    Ok(())
}

/// Spins for a time and says how long it really took.
fn spin(microseconds: u64) -> u64 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(microseconds) {}
    start.elapsed().as_micros() as u64
}

/// Timeouts race with the ends of tasks and the starts of the next ones. A task
/// has a result or ran too long, one of both, and never pays for another.
pub(super) fn a_timeout_never_hits_a_task_in_time() -> Outcome {
    let mut random = Random::for_test("a_timeout_never_hits_a_task_in_time");
    let limit = Duration::from_millis(40);
    let pool = Pool::builder()
        .workers(2)
        .task_timeout(limit)
        .chunk_size(4)
        .build()?;
    let times: Vec<u64> = (0..60)
        .map(|_| match random.below(6) {
            0 => 40_000 + random.below(50),
            1 => 39_900 + random.below(200),
            _ => random.below(300),
        })
        .collect();
    for (index, result) in pool.imap_unordered(spin, times.clone())? {
        match result {
            Ok(took) => assert!(took >= times[index]),
            // On a busy machine, a short task may lose its core for long; but
            // then it has really had its time.
            Err(Error::TimedOut { after, .. }) => assert_eq!(after, limit),
            Err(other) => panic!("task of {} µs: {other:?}", times[index]),
        }
    }
    Ok(())
}

pub(super) fn a_waiting_task_is_cancelled() -> Outcome {
    let value = Value::new(0_u64)?;
    let (here, there) = pipe()?;
    let initializer = |(value, connection)| {
        count_in(value);
        connect(connection);
    };
    let pool = Pool::builder()
        .workers(1)
        .initializer(initializer, (value.clone(), there))
        .build()?;
    let busy = pool.apply_async(meet, 0)?;
    let (_, id) = expect::<(u32, u32)>(&here)?;
    let waiting = (0..10)
        .map(|number| pool.apply_async(count, number))
        .collect::<Result<Vec<_>, Error>>()?;
    for task in waiting.iter().skip(1).step_by(2) {
        task.cancel();
        task.cancel();
    }
    for (number, task) in (0..).zip(waiting) {
        if number == 0 {
            here.send(&())?;
        }
        match number % 2 {
            0 => assert_eq!(task.get()?, number),
            _ => assert!(matches!(task.get(), Err(Error::Cancelled))),
        }
    }
    assert_eq!(busy.get()?, 0);
    assert_eq!(value.load(), 5, "a cancelled task has run");
    assert_eq!(pool.worker_ids(), [id], "it cost no worker");
    Ok(())
}

pub(super) fn a_running_task_is_cancelled() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    for _ in 0..3 {
        let task = pool.apply_async(hang, 0)?;
        let next = pool.apply_async(worker_id, 0)?;
        let (_, id) = expect::<(u32, u32)>(&here)?;
        task.cancel();
        assert!(matches!(task.get(), Err(Error::Cancelled)));
        assert_ne!(next.get()?, id);
    }
    Ok(())
}

pub(super) fn a_task_that_is_done_stays_done() -> Outcome {
    let pool = Pool::new(1)?;
    let mut task = pool.apply_async(worker_id, 0)?;
    let id = task.get_timeout(PATIENCE)?.expect("is run");
    task.cancel();
    assert_eq!(pool.apply(worker_id, 0)?, id);
    Ok(())
}

/// Cancels race with the ends of tasks and the starts of the next ones.
pub(super) fn a_cancel_never_hits_another_task() -> Outcome {
    let mut random = Random::for_test("a_cancel_never_hits_another_task");
    let pool = Pool::new(1)?;
    let mut cancelled = 0;
    for _ in 0..300 {
        let wanted = pool.apply_async(spin, 200)?;
        let unwanted = pool.apply_async(spin, random.below(30))?;
        let behind = pool.apply_async(spin, 200)?;
        wanted.get()?;
        unwanted.cancel();
        match unwanted.get() {
            Ok(_) => {}
            Err(Error::Cancelled) => cancelled += 1,
            Err(other) => panic!("{other:?}"),
        }
        behind.get()?;
    }
    eprintln!("{cancelled} of 300 were cancelled in time");
    Ok(())
}

/// What is said of each cancelled task before it could start must not pile up
/// in the memory that a busy worker shares.
pub(super) fn thousands_behind_a_busy_worker_are_cancelled() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let busy = pool.apply_async(meet, 0)?;
    expect::<(u32, u32)>(&here)?;
    for number in 0..12_000 {
        let handed_out = pool.apply_async(square, number)?;
        // Once this is cancelled, the one before it has been handed out.
        let behind = pool.apply_async(square, number)?;
        behind.cancel();
        assert!(matches!(behind.get(), Err(Error::Cancelled)));
        handed_out.cancel();
        assert!(matches!(handed_out.get(), Err(Error::Cancelled)));
    }
    let mut last = pool.apply_async(square, 9)?;
    here.send(&())?;
    busy.get()?;
    assert_eq!(last.get_timeout(PATIENCE)?, Some(81));
    Ok(())
}

pub(super) fn a_wait_for_one_task_can_be_retried() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let mut task = pool.apply_async(meet, 3)?;
    for _ in 0..3 {
        assert_eq!(task.get_timeout(Duration::from_millis(5))?, None);
    }
    assert_eq!(task.get_timeout(Duration::ZERO)?, None);
    here.send(&())?;
    assert_eq!(task.get_timeout(PATIENCE)?, Some(3));
    let again = task.get_timeout(PATIENCE);
    assert!(matches!(again, Err(Error::AlreadyJoined)));
    Ok(())
}

pub(super) fn a_task_that_nobody_waits_for_runs() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    drop(pool.apply_async(meet, 3)?);
    expect::<(u32, u32)>(&here)?;
    here.send(&())?;
    pool.close();
    Ok(())
}

//! Workers that are stopped (`SIGSTOP`): they are not dead, and do nothing.

use std::time::Duration;

use multiproc::{Error, Pool, pipe};
use rustix::process::Signal;
use tests::{Outcome, expect, system};

use super::work::{
    connect, connected_pool, hang, meet, run_in_time, square, stop, worker_id,
};

/// Starts both workers of a pool of two, and tells their ids.
fn start_both(
    pool: &Pool,
    here: &multiproc::Connection,
) -> Result<[u32; 2], Box<dyn std::error::Error>> {
    let tasks = [pool.apply_async(meet, 1)?, pool.apply_async(meet, 2)?];
    let ids = [expect::<(u32, u32)>(here)?.1, expect::<(u32, u32)>(here)?.1];
    here.send(&())?;
    here.send(&())?;
    for task in tasks {
        task.get()?;
    }
    Ok(ids)
}

pub(super) fn a_stopped_worker_that_is_idle_holds_up_nobody() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let [stopped, other] = start_both(&pool, &here)?;
    system::stop(stopped);
    for _ in 0..20 {
        assert_eq!(pool.apply(worker_id, 0)?, other);
    }
    let squares: Vec<i64> = (0..500).map(square).collect();
    assert_eq!(pool.map(square, 0..500)?, squares);
    let lazy: Result<Vec<i64>, Error> = pool.imap(square, 0..500)?.collect();
    assert_eq!(lazy?, squares);
    Ok(())
}

pub(super) fn another_worker_is_started_beside_a_stopped_one() -> Outcome {
    let pool = Pool::new(2)?;
    // One worker is enough for this, and mostly there is only one.
    let stopped = pool.apply(worker_id, 0)?;
    system::stop(stopped);
    let mut task = pool.apply_async(worker_id, 2)?;
    match task.get_timeout(Duration::from_secs(30))? {
        Some(other) => assert_ne!(other, stopped),
        None => return Err("the task waits for the stopped worker".into()),
    }
    Ok(())
}

pub(super) fn tasks_behind_a_stopped_worker_go_to_others() -> Outcome {
    let (here, there) = pipe()?;
    let pool = Pool::builder()
        .workers(2)
        .chunk_size(50)
        .initializer(connect, there)
        .build()?;
    let held = pool.apply_async(meet, 0)?;
    let (_, stopped) = expect::<(u32, u32)>(&here)?;
    system::stop(stopped);
    // Many are handed to each, and the one that is stopped starts none.
    let squares: Vec<i64> = (0..500).map(square).collect();
    assert_eq!(pool.map(square, 0..500)?, squares);
    here.send(&())?;
    system::signal(stopped, Signal::CONT);
    assert_eq!(held.get()?, 0);
    Ok(())
}

pub(super) fn a_stopped_worker_runs_into_its_timeout() -> Outcome {
    let (here, there) = pipe()?;
    let limit = Duration::from_millis(500);
    let pool = Pool::builder()
        .workers(1)
        .task_timeout(limit)
        .initializer(connect, there)
        .build()?;
    // It stops itself: the test could come too late, when it is killed already.
    let task = pool.apply_async(stop, 0)?;
    let told = task.get();
    let Err(Error::TimedOut { pid: id, after }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(after, limit);
    // Mostly it has come as far as to tell its id.
    if let Some((_, named)) = here.try_recv::<(u32, u32)>()? {
        assert_eq!(named, id);
    }
    assert_ne!(run_in_time(&pool, limit, worker_id)?, id);
    Ok(())
}

pub(super) fn a_worker_stopped_before_it_starts_is_replaced() -> Outcome {
    let limit = Duration::from_millis(100);
    let pool = Pool::builder().workers(1).task_timeout(limit).build()?;
    let stopped = run_in_time(&pool, limit, worker_id)?;
    system::stop(stopped);
    assert_ne!(run_in_time(&pool, limit, worker_id)?, stopped);
    Ok(())
}

pub(super) fn a_stopped_worker_goes_on() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let mut first = pool.apply_async(meet, 5)?;
    let (_, id) = expect::<(u32, u32)>(&here)?;
    let second = pool.apply_async(worker_id, 0)?;
    system::stop(id);
    here.send(&())?;
    assert_eq!(first.get_timeout(Duration::from_millis(20))?, None);
    system::signal(id, Signal::CONT);
    assert_eq!(first.get()?, 5);
    assert_eq!(second.get()?, id);
    Ok(())
}

pub(super) fn a_stopped_idle_worker_can_be_closed() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let [stopped, _] = start_both(&pool, &here)?;
    system::stop(stopped);
    pool.close();
    Ok(())
}

pub(super) fn a_stopped_worker_can_be_terminated() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let [stopped, _] = start_both(&pool, &here)?;
    let tasks = [pool.apply_async(hang, 1)?, pool.apply_async(hang, 2)?];
    expect::<(u32, u32)>(&here)?;
    expect::<(u32, u32)>(&here)?;
    system::stop(stopped);
    pool.terminate();
    for task in tasks {
        assert!(matches!(task.get(), Err(Error::Cancelled)));
    }
    Ok(())
}

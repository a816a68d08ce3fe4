//! How many workers there are, when they start, and when they cannot.

use std::time::{Duration, Instant};

use multiproc::{Connection, Error, Pool, Process, Value, pipe};
use tests::{Outcome, PATIENCE, expect, sleep_for_ever, system};

use super::work::{
    connect, connected_pool, count, count_in, greeting, let_workers_die_at_start,
    meet, set_greeting, square, worker_id,
};

pub(super) fn there_are_never_more_than_were_set() -> Outcome {
    let (pool, here) = connected_pool(3)?;
    let tasks = (0..45)
        .map(|number| pool.apply_async(meet, number))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut ids = Vec::new();
    for _ in &tasks {
        ids.push(expect::<(u32, u32)>(&here)?.1);
        assert!(pool.worker_ids().len() <= 3);
        assert!(system::children(std::process::id()).len() <= 3);
        here.send(&())?;
    }
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.get()?, number);
    }
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() <= 3, "{ids:?}");
    assert!(ids.iter().all(|id| pool.worker_ids().contains(id)));
    Ok(())
}

/// A worker that has not begun its task after 10 ms counts as stalled, and others
/// are started; so only those pools are judged whose workers were quicker.
pub(super) fn an_idle_worker_is_used_again() -> Outcome {
    let begin = Instant::now();
    let mut judged = 0;
    while judged < 5 {
        assert!(begin.elapsed() < PATIENCE, "{judged} pools without a stall");
        let pool = Pool::new(4)?;
        assert!(pool.worker_ids().is_empty());
        let mut ids = Vec::new();
        let mut longest = Duration::ZERO;
        for _ in 0..4 {
            let begin = Instant::now();
            ids.push(pool.apply(worker_id, 0)?);
            longest = longest.max(begin.elapsed());
        }
        if longest < Duration::from_millis(10) {
            assert_eq!(ids, [ids[0]; 4]);
            assert_eq!(pool.worker_ids(), [ids[0]]);
            judged += 1;
        }
    }
    Ok(())
}

/// Workers are started as there are tasks for them, so this is not many.
pub(super) fn there_may_be_any_number() -> Outcome {
    let pool = Pool::new(usize::MAX)?;
    let input = (0..20).inspect(|number| {
        let result = pool.apply(square, *number);
        assert_eq!(result.expect("is run"), square(*number));
    });
    let squares: Vec<i64> = (0..20).map(square).collect();
    assert_eq!(pool.map(square, input)?, squares);
    Ok(())
}

pub(super) fn as_many_tasks_run_at_once_as_there_are_workers() -> Outcome {
    for chunk in [1, 10] {
        let (here, there) = pipe()?;
        let pool = Pool::builder()
            .workers(3)
            .chunk_size(chunk)
            .initializer(connect, there)
            .build()?;
        let mut tasks = Vec::new();
        for number in 0..10 {
            tasks.push(pool.apply_async(meet, number)?);
        }
        // Three are met before the first may go on.
        let mut met = Vec::new();
        for _ in 0..3 {
            met.push(expect::<(u32, u32)>(&here)?.1);
        }
        met.sort_unstable();
        met.dedup();
        assert_eq!(met.len(), 3, "three at once, in three processes");
        for _ in 0..3 {
            here.send(&())?;
        }
        for _ in 3..10 {
            expect::<(u32, u32)>(&here)?;
            here.send(&())?;
        }
        for task in tasks {
            task.get()?;
        }
    }
    Ok(())
}

pub(super) fn each_runs_its_share_of_tasks() -> Outcome {
    for chunk in [1, 4] {
        let pool = Pool::builder()
            .workers(2)
            .tasks_per_worker(3)
            .chunk_size(chunk)
            .build()?;
        let mut ids = pool.map(worker_id, 0..20)?;
        ids.sort_unstable();
        let mut shares: Vec<usize> = ids
            .chunk_by(|one, other| one == other)
            .map(<[u32]>::len)
            .collect();
        assert!(shares.iter().all(|share| *share <= 3), "{shares:?}");
        assert_eq!(shares.drain(..).sum::<usize>(), 20);
    }
    Ok(())
}

pub(super) fn a_worker_with_its_share_done_loses_nothing() -> Outcome {
    let pool = Pool::builder().workers(3).tasks_per_worker(1).build()?;
    let tasks = (0..6)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    pool.close();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.get()?, square(number));
    }
    Ok(())
}

pub(super) fn each_calls_the_initializer() -> Outcome {
    let started = Value::new(0_u64)?;
    let initializer = |(text, value): (String, Value<u64>)| {
        set_greeting(text);
        value.fetch_add(1);
    };
    let pool = Pool::builder()
        .workers(3)
        .tasks_per_worker(2)
        .initializer(initializer, ("hello".into(), started.clone()))
        .build()?;
    // Each once, and before its first task.
    for text in pool.map(greeting, 0..12)? {
        assert_eq!(text, "hello");
    }
    pool.close();
    assert!(started.load() >= 6, "{started:?}");
    Ok(())
}

fn expect_broken<R: std::fmt::Debug>(
    begin: Instant,
    result: Result<R, Error>,
) -> Error {
    match result {
        Err(Error::Broken { attempts, source }) => {
            // As many as are enough; and some more each second in which one that
            // has not died yet gets no core.
            let most = 10 + 10 * begin.elapsed().as_secs();
            assert!((1..=most).contains(&attempts.into()), "{attempts}");
            *source
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn an_initializer_that_panics_breaks_the_pool() -> Outcome {
    let begin = Instant::now();
    let pool = Pool::builder()
        .workers(3)
        .initializer(|()| panic!("no licence"), ())
        .build()?;
    let cause = expect_broken(begin, pool.apply(square, 1));
    assert!(matches!(cause, Error::Panicked { message, .. }
        if message == "no licence"));
    // A map tells of it for its first item, and all its items are told.
    let failed = pool.map(square, 0..100).expect_err("none is run");
    assert!(matches!(failed, Error::Item { index: 0, .. }), "{failed:?}");
    for result in pool.imap(square, 0..10)? {
        expect_broken(begin, result);
    }
    pool.close();
    Ok(())
}

pub(super) fn an_initializer_that_exits_breaks_the_pool() -> Outcome {
    let begin = Instant::now();
    let initializer = |()| std::process::exit(5);
    let builder = Pool::builder().workers(2).initializer(initializer, ());
    let pool = builder.build()?;
    let cause = expect_broken(begin, pool.apply(square, 1));
    assert!(matches!(cause, Error::Exited { code: 5, .. }), "{cause:?}");
    Ok(())
}

pub(super) fn a_program_that_dies_at_its_start_breaks_the_pool() -> Outcome {
    let begin = Instant::now();
    let pool = Pool::new(2)?;
    let_workers_die_at_start(true);
    let cause = expect_broken(begin, pool.apply(square, 1));
    assert!(matches!(cause, Error::Exited { code: 9, .. }), "{cause:?}");
    let_workers_die_at_start(false);
    Ok(())
}

pub(super) fn a_broken_pool_can_recover() -> Outcome {
    let begin = Instant::now();
    let pool = Pool::new(2)?;
    for _ in 0..3 {
        let_workers_die_at_start(true);
        expect_broken(begin, pool.apply(square, 1));
        let_workers_die_at_start(false);
        assert_eq!(pool.apply(square, 4)?, 16);
        for id in pool.worker_ids() {
            system::signal(id, rustix::process::Signal::KILL);
        }
    }
    Ok(())
}

/// Lets only the first one start: as with a licence for one process.
fn only_the_first((tickets, connection): (Value<u64>, Connection)) {
    assert_eq!(tickets.fetch_add(1), 0, "no ticket left");
    connect(connection);
}

/// One worker that works is enough; the others are not tried again and again.
pub(super) fn workers_that_cannot_start_do_not_stop_others() -> Outcome {
    let begin = Instant::now();
    let tickets = Value::new(0_u64)?;
    let (here, there) = pipe()?;
    let pool = Pool::builder()
        .workers(4)
        .initializer(only_the_first, (tickets.clone(), there))
        .build()?;
    let tasks = (0..50)
        .map(|number| pool.apply_async(meet, number))
        .collect::<Result<Vec<_>, Error>>()?;
    expect::<(u32, u32)>(&here)?;
    // Not a wait for something: as long as one is busy and others have nothing
    // to do but to fail.
    std::thread::sleep(Duration::from_millis(700));
    let started = tickets.load();
    // A few are tried again each second; this may take longer than it sleeps.
    let most = 20 + 10 * begin.elapsed().as_secs();
    here.send(&())?;
    for _ in 1..50 {
        expect::<(u32, u32)>(&here)?;
        here.send(&())?;
    }
    for task in tasks {
        task.get()?;
    }
    assert!(
        started < most,
        "{started} workers started for one that works"
    );
    Ok(())
}

fn map_in_a_pool_of_its_own(count: i64) -> Result<Vec<i64>, Error> {
    let pool = Pool::new(2)?;
    let squares = pool.map(square, 0..count)?;
    pool.close();
    Ok(squares)
}

pub(super) fn a_pool_inside_a_worker() -> Outcome {
    let pool = Pool::new(2)?;
    for (count, squares) in (0..5).zip(pool.map(map_in_a_pool_of_its_own, 0..5)?) {
        assert_eq!(squares?, (0..count).map(square).collect::<Vec<_>>());
    }
    Ok(())
}

pub(super) fn a_process_inside_a_worker() -> Outcome {
    let value = Value::new(0_u64)?;
    let builder = Pool::builder().workers(2);
    let pool = builder.initializer(count_in, value.clone()).build()?;
    let task =
        |number: i64| Process::spawn(square, count(number as u64) as i64)?.join();
    let results: Result<Vec<i64>, Error> =
        pool.imap(task, 0..9)?.flatten().collect();
    assert_eq!(results?, (0..9).map(square).collect::<Vec<_>>());
    assert_eq!(value.load(), 9);

    // A process that its worker leaves behind ends with that worker.
    let pool = Pool::new(1)?;
    let task = |()| {
        let child = Process::spawn(|()| -> () { sleep_for_ever() }, ())?;
        let id = child.id();
        child.detach();
        Ok::<u32, Error>(id)
    };
    let child = system::Watched::new(pool.apply(task, ())??);
    pool.close();
    child.expect_end_of_orphan();
    Ok(())
}

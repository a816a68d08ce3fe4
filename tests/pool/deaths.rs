//! Workers that die: the item in hand is lost and named, and nothing else.

use multiproc::{Error, Pool, Task};
use rustix::process::Signal;
use rustix::thread::gettid;
use tests::{Outcome, PATIENCE, expect, system};

use super::was_killed;
use super::work::{
    Death, close_all_descriptors, close_standard_streams, connected_pool, die,
    end_of_copy, fork_and_die, fork_and_go_on, hang, line, meet, same, square,
    worker_id,
};

pub(super) fn a_busy_worker_is_killed() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let one = pool.apply_async(meet, 1)?;
    let two = pool.apply_async(meet, 2)?;
    let behind = (3..9)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    let (first, its_worker) = expect::<(u32, u32)>(&here)?;
    expect::<(u32, u32)>(&here)?;
    let doomed = system::Watched::new(its_worker);
    doomed.kill();
    // Else it could still take the word that is meant for the other one.
    doomed.expect_end();
    for (number, task) in (3..).zip(behind) {
        assert_eq!(task.get()?, square(number));
    }
    here.send(&())?;
    let (killed, other) = if first == 1 { (one, two) } else { (two, one) };
    assert_eq!(other.get()?, 3 - first);
    let killed = killed.get();
    assert!(
        matches!(killed, Err(Error::Killed { pid, signal: 9 }) if pid == its_worker),
        "{killed:?}"
    );
    assert!(!pool.worker_ids().contains(&its_worker));
    Ok(())
}

pub(super) fn an_idle_worker_is_killed() -> Outcome {
    let pool = Pool::new(1)?;
    for _ in 0..20 {
        let id = pool.apply(worker_id, 0)?;
        system::signal(id, Signal::KILL);
        // It may still be dying when this one is handed to it.
        assert_ne!(pool.apply(worker_id, 0)?, id);
    }
    Ok(())
}

pub(super) fn every_kind_of_death_is_told() -> Outcome {
    let pool = Pool::new(2)?;
    for code in [0, 3, 255] {
        let exited = pool.apply(die, Death::Exit(code));
        assert!(
            matches!(exited, Err(Error::Exited { code: told, .. }) if told == code),
            "{exited:?}"
        );
    }
    assert!(was_killed(&pool.apply(die, Death::Abort), libc::SIGABRT));
    assert!(was_killed(&pool.apply(die, Death::Segfault), libc::SIGSEGV));
    assert!(was_killed(&pool.apply(die, Death::Kill), libc::SIGKILL));
    assert_eq!(pool.apply(square, 5)?, 25);
    Ok(())
}

pub(super) fn a_panic_costs_no_worker() -> Outcome {
    let pool = Pool::new(1)?;
    let id = pool.apply(worker_id, 0)?;
    for _ in 0..20 {
        match pool.apply(die, Death::Panic) {
            Err(Error::Panicked {
                pid,
                message,
                location,
            }) => {
                assert_eq!((pid, message.as_str()), (id, "as told"));
                assert!(location.contains("work.rs:"), "{location}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pool.apply(worker_id, 0)?, id);
    Ok(())
}

pub(super) fn all_workers_at_once() -> Outcome {
    let (pool, here) = connected_pool(3)?;
    for _ in 0..5 {
        let tasks = (0..3)
            .map(|number| pool.apply_async(hang, number))
            .collect::<Result<Vec<_>, Error>>()?;
        let behind = pool.apply_async(square, 7)?;
        for _ in 0..3 {
            expect::<(u32, u32)>(&here)?;
        }
        for id in pool.worker_ids() {
            system::signal(id, Signal::KILL);
        }
        for task in tasks {
            assert!(was_killed(&task.get(), 9));
        }
        assert_eq!(behind.get()?, 49);
    }
    Ok(())
}

pub(super) fn again_and_again() -> Outcome {
    let pool = Pool::builder().workers(2).chunk_size(10).build()?;
    let deaths = (0..200).map(|number| match number % 5 {
        1 => Death::Exit(1),
        2 => Death::Panic,
        3 => Death::Kill,
        _ => Death::None,
    });
    for (index, result) in pool.imap(die, deaths)?.enumerate() {
        let as_expected = match index % 5 {
            1 => matches!(result, Err(Error::Exited { code: 1, .. })),
            2 => matches!(result, Err(Error::Panicked { .. })),
            3 => was_killed(&result, 9),
            _ => result.is_ok(),
        };
        assert!(as_expected, "{index}: {result:?}");
    }
    Ok(())
}

/// A worker that is killed takes the task in its hand with it: the large one, or
/// the small one if the kill came late, or none.
fn expect_one_loss(large: Task<String>, small: Task<i64>) -> Outcome {
    let large = large.get();
    let large_is_lost = was_killed(&large, 9);
    if !large_is_lost {
        assert_eq!(large?.len(), 3_000_000);
    }
    let small = small.get();
    if large_is_lost || !was_killed(&small, 9) {
        assert_eq!(small?, 16);
    }
    Ok(())
}

/// The worker dies while the parent is in the middle of a task that is larger
/// than the ring between them.
pub(super) fn while_a_large_task_is_sent() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    for _ in 0..20 {
        let busy = pool.apply_async(meet, 1)?;
        let (_, id) = expect::<(u32, u32)>(&here)?;
        let large = pool.apply_async(same, "x".repeat(3_000_000))?;
        let small = pool.apply_async(square, 4)?;
        // Its start lies in the ring, at the latest once this one is over.
        here.send(&())?;
        busy.get()?;
        system::signal(id, Signal::KILL);
        expect_one_loss(large, small)?;
    }
    Ok(())
}

pub(super) fn while_a_large_result_comes() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let task = |size: usize| {
        line().send(&std::process::id()).expect("the test listens");
        "x".repeat(size)
    };
    for _ in 0..20 {
        let large = pool.apply_async(task, 3_000_000)?;
        let small = pool.apply_async(square, 4)?;
        system::signal(expect::<u32>(&here)?, Signal::KILL);
        expect_one_loss(large, small)?;
    }
    Ok(())
}

/// A copy of the worker holds its socket, its bells and its memory.
pub(super) fn a_grandchild_keeps_everything_open() -> Outcome {
    let (pool, here) = connected_pool(1)?;
    let mut task = pool.apply_async(fork_and_die, ())?;
    let copy: i32 = expect(&here)?;
    let told = task.get_timeout(PATIENCE).map(|done| done.is_some());
    assert!(was_killed(&told, libc::SIGABRT), "{told:?}");
    assert_eq!(pool.apply(square, 3)?, 9);
    pool.close();
    let copy = system::Watched::new(copy.unsigned_abs());
    copy.kill();
    copy.expect_end_of_orphan();
    Ok(())
}

/// Two that take tasks off one desk would lose some, and nobody looks after the
/// copy: it would outlive everybody.
pub(super) fn a_copy_of_a_worker_does_no_work() -> Outcome {
    let pool = Pool::new(1)?;
    for _ in 0..5 {
        let copy = pool.apply(fork_and_go_on, ())?;
        assert_ne!(copy, 0, "the copy answered");
        assert_eq!(pool.apply(end_of_copy, copy)?, libc::SIGSEGV);
        let squares: Vec<i64> = (0..500).map(square).collect();
        assert_eq!(pool.map(square, 0..500)?, squares);
    }
    pool.close();
    Ok(())
}

pub(super) fn standard_output_can_be_closed() -> Outcome {
    let pool = Pool::new(1)?;
    let id = pool.apply(worker_id, 0)?;
    pool.apply(close_standard_streams, ())?;
    assert_eq!(pool.apply(worker_id, 0)?, id);
    assert_eq!(pool.apply(square, 6)?, 36);
    pool.close();
    Ok(())
}

/// Such a worker hears nothing any more, and would outlive its parent.
pub(super) fn a_task_that_closes_all_descriptors_costs_its_worker() -> Outcome {
    let pool = Pool::new(1)?;
    let id = pool.apply(close_all_descriptors, ())?;
    // Before it wants to sleep, it could still run another task.
    if let Some(worker) = system::Watched::child(id) {
        worker.expect_end();
    }
    assert_ne!(pool.apply(worker_id, 0)?, id);
    Ok(())
}

pub(super) fn a_crash_after_close_was_called() -> Outcome {
    let (pool, here) = connected_pool(2)?;
    let doomed = pool.apply_async(hang, 1)?;
    let queued = (0..20)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    let (_, id) = expect::<(u32, u32)>(&here)?;
    let (sender, receiver) = std::sync::mpsc::channel();
    let closing = std::thread::spawn(move || {
        sender.send(gettid()).expect("the test listens");
        pool.close();
    });
    system::expect_sleep(receiver.recv()?);
    system::signal(id, Signal::KILL);
    assert!(was_killed(&doomed.get(), 9));
    for (number, task) in (0..).zip(queued) {
        assert_eq!(task.get()?, square(number));
    }
    closing.join().expect("does not panic");
    Ok(())
}

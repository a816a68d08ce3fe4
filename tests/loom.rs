//! The lock-free parts of pool and queue, checked in every order that their steps can
//! happen in: the very files of the library, with the model checker's atomics.
//!
//! `LOOM_LOG=trace` and `LOOM_LOCATION=1` show a failure step by step.

/// What src/atomic.rs is to the library.
mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

#[path = "../src/deadline.rs"]
#[expect(dead_code, reason = "only what has no end is waited for here")]
mod deadline;
#[path = "../src/error.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library has more that fails")]
mod error;
#[path = "loom/futex.rs"]
mod futex;
#[path = "../src/queue/ring.rs"]
#[expect(dead_code, reason = "items are framed by hand here")]
mod ring;
#[path = "../src/sleepers.rs"]
#[expect(dead_code, reason = "looking before sleeping is left out")]
mod sleepers;

/// What the library's files ask of others that need processes.
mod robust {
    pub(crate) const LOOK_AGAIN: std::time::Duration = std::time::Duration::MAX;
}
mod waiting {
    pub(crate) struct Waiting;

    pub(crate) fn waiting(_call: &std::ffi::CStr) -> Waiting {
        Waiting
    }
}

/// The files of src/pool/ that know nothing of processes.
mod pool {
    #[path = "../../src/pool/gate.rs"]
    #[expect(unused_imports, reason = "its own test is not run here")]
    pub(crate) mod gate;
    #[path = "../../src/pool/line.rs"]
    pub(crate) mod line;
    #[path = "../../src/pool/sleep.rs"]
    pub(crate) mod sleep;
}

#[path = "loom/items.rs"]
mod items;
#[path = "loom/tasks.rs"]
mod tasks;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let tests: &[(&str, fn())] = &[
        (
            "a_task_is_started_or_taken_back",
            tasks::a_task_is_started_or_taken_back,
        ),
        (
            "nobody_sleeps_while_there_are_tasks",
            tasks::nobody_sleeps_while_there_are_tasks,
        ),
        (
            "nobody_sleeps_in_the_middle_of_a_large_task",
            tasks::nobody_sleeps_in_the_middle_of_a_large_task,
        ),
        (
            "nobody_sleeps_in_the_middle_of_a_large_result",
            tasks::nobody_sleeps_in_the_middle_of_a_large_result,
        ),
        (
            "a_result_is_heard_of_while_the_next_task_runs",
            tasks::a_result_is_heard_of_while_the_next_task_runs,
        ),
        ("an_item_is_seen_whole", items::an_item_is_seen_whole),
        (
            "nobody_sleeps_while_there_are_items_or_room",
            items::nobody_sleeps_while_there_are_items_or_room,
        ),
        (
            "nobody_sleeps_when_the_queue_is_closed",
            items::nobody_sleeps_when_the_queue_is_closed,
        ),
    ];
    let trials = tests.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

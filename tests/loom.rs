//! The pool's lock-free parts, checked in every order that their steps can
//! happen in: the very files of the library, with the model checker's atomics.
//!
//! `LOOM_LOG=trace` and `LOOM_LOCATION=1` show a failure step by step.

/// What src/atomic.rs is to the library.
mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
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
    ];
    let trials = tests.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

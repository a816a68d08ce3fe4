//! Tests that each run in a process of their own, which must be left clean.
//!
//! What a test leaves behind, a descriptor, a child, a zombie, a grandchild, is
//! found here, so no test has to look for it: after the test, its process must
//! have the descriptors it had before and no child at all. As it is a child
//! subreaper, processes whose parents were killed come to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use multiproc::{Error, Process};
use rustix::process::{WaitOptions, set_child_subreaper};

use crate::{PATIENCE, Test, system};

/// How long a whole test may take: far more than any needs.
const LONGEST: Duration = Duration::from_secs(120);

/// Names tests by their functions: `list![first, second]`.
#[macro_export]
macro_rules! list {
    ($($test:path),+ $(,)?) => {
        &[$((stringify!($test), $test as fn() -> $crate::Outcome)),+]
    };
}

/// Runs the tests that the command line asks for, and exits. `by_name` hands
/// its argument on to [`isolated`], with the same tests.
pub fn run_isolated(tests: &[Test], by_name: fn(String) -> Result<(), String>) -> ! {
    run_with(Arguments::from_args(), tests, by_name)
}

/// The same one by one, unless the command line says otherwise: for tests of
/// limits that the system sets for all processes of a user together.
pub fn run_one_by_one(
    tests: &[Test],
    by_name: fn(String) -> Result<(), String>,
) -> ! {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    run_with(arguments, tests, by_name)
}

fn run_with(
    arguments: Arguments,
    tests: &[Test],
    by_name: fn(String) -> Result<(), String>,
) -> ! {
    system::stop_ignoring();
    let trials = tests
        .iter()
        .map(|&(name, _)| Trial::test(name, move || Ok(start(by_name, name)?)));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

fn start(
    by_name: fn(String) -> Result<(), String>,
    name: &str,
) -> Result<(), String> {
    let mut process = Process::builder()
        .name(name)
        .spawn(by_name, name.to_string())
        .map_err(|error| error.to_string())?;
    match process.join_timeout(LONGEST) {
        Ok(Some(outcome)) => outcome,
        Ok(None) => Err(format!(
            "the test did not end within {LONGEST:?}:\n{}",
            system::tree(process.id())
        )),
        // The panic was printed where it happened.
        Err(Error::Panicked { message, .. }) => Err(message),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs one of `tests` in this process, and checks that it leaves it clean.
///
/// # Errors
///
/// What the test said, or what it left behind.
pub fn isolated(tests: &[Test], name: &str) -> Result<(), String> {
    let own_id = rustix::process::getpid();
    set_child_subreaper(Some(own_id)).map_err(|error| error.to_string())?;
    let (_, test) = tests
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or("no such test")?;
    let before = system::descriptors();
    let outcome = catch_unwind(AssertUnwindSafe(test));
    // A thread that reaps a detached child may be about to close what it holds.
    let begin = Instant::now();
    let after = loop {
        // Asked first: what this one has open alone, it keeps open.
        let is_alone = system::threads() == 1;
        let after = system::descriptors();
        if after == before || is_alone || begin.elapsed() > PATIENCE {
            break after;
        }
        std::thread::yield_now();
    };
    match outcome {
        Ok(outcome) => outcome.map_err(|error| describe(&*error))?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    if before != after {
        return Err(format!(
            "descriptors before the test: {before:#?}\nand after it: {after:#?}"
        ));
    }
    match rustix::process::wait(WaitOptions::NOHANG) {
        Err(rustix::io::Errno::CHILD) => Ok(()),
        Ok(Some((pid, status))) => {
            Err(format!("process {pid} was left as a zombie ({status:?})"))
        }
        _ => Err(format!(
            "children are left:\n{}",
            system::tree(std::process::id())
        )),
    }
}

/// An error and what caused it.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

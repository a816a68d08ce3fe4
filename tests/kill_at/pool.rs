//! A pool's worker that is killed between two tasks: while it leaves the result
//! of one, and while it takes the next.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use multiproc::{Error, Pool, Task};
use rustix::process::Signal;
use tests::{Outcome, PATIENCE, system};

use super::step;
use super::stepper::{Stepper, mark};

/// Whether this process is the worker that is stepped: those that come after it
/// are not.
static STEPPED: AtomicBool = AtomicBool::new(false);

fn become_stepped(_: ()) -> u32 {
    STEPPED.store(true, Ordering::Relaxed);
    std::process::id()
}

/// A task: a step ends here, and another begins.
fn double(number: u64) -> u64 {
    if STEPPED.load(Ordering::Relaxed) {
        mark();
    }
    2 * number
}

/// The outcome of a task: whether it was lost with the worker.
fn is_lost(task: &mut Task<u64>, number: u64, victim: u32) -> Result<bool, String> {
    match task.get_timeout(PATIENCE) {
        Ok(Some(result)) if result == 2 * number => Ok(false),
        Err(Error::Killed { pid, signal: 9, .. }) if pid == victim => Ok(true),
        other => Err(format!("task {number}: {other:?}")),
    }
}

/// Kills a worker so many instructions after its task has ended, or when it is
/// in the next one; calls `look` before each instruction.
pub(crate) fn kill_after(
    moment: u64,
    look: &mut dyn FnMut(&Stepper) -> io::Result<()>,
) -> Outcome {
    let pool = Pool::builder().workers(1).chunk_size(8).build()?;
    let victim = pool.apply(become_stepped, ())?;
    let stepper = Stepper::attach(victim)?;
    let numbers = 1..=4;
    let tasks: Result<Vec<_>, _> = numbers
        .clone()
        .map(|number| pool.apply_async(double, number))
        .collect();
    let mut tasks = tasks?;
    stepper.wait_for_mark()?;
    step(&stepper, moment, look, || {})?;
    system::signal(victim, Signal::KILL);

    let mut lost = 0;
    for (task, number) in tasks.iter_mut().zip(numbers) {
        if is_lost(task, number, victim)? {
            // The one whose result was not left, or the one it had taken.
            assert!(number <= 2 && lost == 0, "task {number} is lost");
            lost += 1;
        }
    }
    assert_eq!(pool.apply(double, 21)?, 42);
    pool.close();
    Ok(())
}

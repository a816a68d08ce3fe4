//! The exercises, graded again and again while all cores are busy.

use std::env;
use std::error::Error;
use std::hint;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How often each solution is graded if nothing else is asked for; each wrong answer
/// three times.
const ROUNDS: &str = "20";

/// Has the grader rehearse: every solution and every wrong answer must be judged as
/// on a quiet machine. `words` are names of exercises, and `--rounds N`.
///
/// # Errors
///
/// When cargo cannot be started.
pub fn soak(words: &[String]) -> Result<ExitStatus, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut grader = Command::new(cargo);
    grader.args(["run", "--package", "grader", "--", "rehearse"]);
    if !words.iter().any(|word| word == "--rounds") {
        grader.args(["--rounds", ROUNDS]);
    }
    grader.args(words);
    let cores = thread::available_parallelism()?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..cores.get() {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let status = grader.status();
        over.store(true, Ordering::Relaxed);
        Ok(status?)
    })
}

//! Kills a process after each instruction of each operation, and looks whether
//! the others can go on.
//!
//! A worker is run one instruction at a time through a whole operation and
//! killed after the nth; then nothing may be torn, doubled or lost, and the next
//! operation must work. By default some n are tried, chosen by
//! `MULTIPROC_SEED`; with `MULTIPROC_EVERY_INSTRUCTION=1`, as
//! `cargo soak -- instructions` runs it, all of them, but for the third and later
//! rounds of a loop.

#[path = "kill_at/pool.rs"]
mod pool;
#[path = "kill_at/scenarios.rs"]
mod scenarios;
#[path = "kill_at/stepper.rs"]
mod stepper;

use std::collections::HashMap;
use std::io;

use libtest_mimic::{Arguments, Trial};
use multiproc::{Connection, Process, pipe};
use scenarios::{ALL, Objects, Scenario};
use stepper::{Step, Stepper, mark};
use tests::soak::Counts;
use tests::soak::instructions::EVERY_INSTRUCTION;
use tests::{Outcome, Random, expect};

/// How many instructions of an operation are tried by default: so many, but
/// fewer if all these tries would take more than so many steps.
const SAMPLES: u64 = 25;
const STEPS: u64 = 60_000;

/// How often an instruction counts as one to be tried: twice, for the second
/// round of a loop.
const ROUNDS: u32 = 2;

fn main() {
    multiproc::init();
    let mut trials: Vec<Trial> = ALL
        .iter()
        .map(|scenario| {
            trial(scenario.name, |n, look| kill_after(scenario, n, look))
        })
        .collect();
    trials.push(trial("pool_worker", pool::kill_after));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The process that is killed.
fn victim((name, objects, connection): (String, Objects, Connection)) {
    let scenario = ALL.iter().find(|scenario| scenario.name == name);
    let scenario = scenario.expect("the parent knows the same");
    (scenario.warm_up)(&objects);
    connection.send(&()).expect("the parent listens");
    connection.recv::<()>().expect("the parent has attached");
    mark();
    (scenario.operation)(&objects);
    mark();
}

/// What is called before each instruction.
type Look<'a> = &'a mut dyn FnMut(&Stepper) -> io::Result<()>;

fn trial(
    name: &'static str,
    kill_after: impl Fn(u64, Look<'_>) -> Outcome + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        run(name, kill_after).map_err(|error| error.to_string().into())
    })
}

fn run(name: &str, kill_after: impl Fn(u64, Look<'_>) -> Outcome) -> Outcome {
    let mut random = Random::for_test(name);
    let mut places = Vec::new();
    kill_after(u64::MAX, &mut |stepper| {
        places.push(stepper.place()?);
        Ok(())
    })?;
    let mut seen = HashMap::new();
    let mut moments: Vec<u64> = (0..)
        .zip(&places)
        .filter(|&(_, place)| {
            let rounds = seen.entry(place).or_insert(0);
            *rounds += 1;
            *rounds <= ROUNDS
        })
        .map(|(moment, _)| moment)
        .collect();
    let mut counts = Counts::default();
    let length = places.len() as u64;
    let distinct = moments.len() as u64;
    counts.add("instructions", length);
    counts.add("of them in the first two rounds of a loop", distinct);
    if std::env::var_os(EVERY_INSTRUCTION).is_none() {
        let samples = SAMPLES.min(STEPS / length).max(2);
        moments = (0..samples)
            .map(|_| moments[random.below(distinct) as usize])
            .collect();
    }
    for &moment in &moments {
        kill_after(moment, &mut |_| Ok(()))
            .map_err(|error| format!("after instruction {moment}: {error}"))?;
        counts.add("kills", 1);
    }
    eprintln!("{name}: {counts}");
    Ok(())
}

/// Kills the victim after so many instructions, or at the end of the operation,
/// and checks; calls `look` before each instruction.
fn kill_after(scenario: &Scenario, moment: u64, look: Look<'_>) -> Outcome {
    let objects = Objects::new()?;
    let helper = (scenario.prepare)(&objects)?;
    let (here, there) = pipe()?;
    let argument = (scenario.name.to_string(), objects.clone(), there);
    let process = Process::spawn(victim, argument)?;
    expect::<()>(&here)?;
    let stepper = Stepper::attach(process.id())?;
    here.send(&())?;
    stepper.wait_for_mark()?;

    step(&stepper, moment, look, || {
        if let Some(helper) = &helper {
            helper.tell();
        }
    })?;
    process.kill()?;
    let id = process.id();
    drop(process);

    if let Some(helper) = helper {
        helper.finish().map_err(|_| "the helper panicked")?;
    }
    (scenario.check)(&objects, id);
    Ok(())
}

/// Runs so many instructions, at most up to the next mark; calls `asleep` when
/// the process sleeps in one of them.
fn step(
    stepper: &Stepper,
    moment: u64,
    look: Look<'_>,
    asleep: impl Fn(),
) -> Outcome {
    let mut executed = 0;
    while executed < moment {
        look(stepper)?;
        stepper.begin()?;
        executed += 1;
        let mut step = stepper.end(true)?;
        if step == Step::Asleep && executed < moment {
            asleep();
            step = stepper.end(false)?;
        }
        if step == Step::Marked {
            break;
        }
    }
    Ok(())
}

//! A pool whose workers are killed, stopped and struck by faults at random.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use multiproc::{Error, Pool, Value};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::{Counts, pass_time};
use crate::system::{self, Watched};
use crate::{PATIENCE, Random};

type Failure = Box<dyn std::error::Error>;

/// How many workers the pool has.
const WORKERS: usize = 3;
/// How many tasks go through one pool.
const ROUND: u64 = 10_000;

/// What a task does.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Work {
    /// Nothing: gives its number back.
    Number(u64),
    /// Keeps its core busy for some microseconds.
    Spin(u64),
    /// Gives a text back, which may be larger than the pool's rings.
    Text(String),
}

static STARTS: OnceLock<Value<u64>> = OnceLock::new();

fn count_starts(starts: Value<u64>) {
    STARTS.get_or_init(|| starts);
}

fn work(work: Work) -> Work {
    let starts = STARTS.get().expect("the initializer was called");
    starts.fetch_add(1);
    if let Work::Spin(microseconds) = work {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_micros(microseconds) {}
    }
    work
}

/// What task `number` does: the same for a seed.
fn task(seed: u64, number: u64) -> Work {
    let mut random = Random::seeded(seed ^ number.wrapping_mul(0x9e37));
    match random.below(1_000) {
        0..2 => Work::Text("x".repeat(random.below(700_000) as usize)),
        2..20 => Work::Text("y".repeat(random.below(2_000) as usize)),
        20..100 => Work::Spin(random.below(300)),
        _ => Work::Number(number),
    }
}

fn is_result_of(result: &Work, seed: u64, number: u64) -> bool {
    match (result, task(seed, number)) {
        (Work::Number(one), Work::Number(other)) => *one == other,
        (Work::Spin(one), Work::Spin(other)) => *one == other,
        (Work::Text(one), Work::Text(other)) => *one == other,
        _ => false,
    }
}

/// Runs `tasks` tasks while workers die. Each has exactly one outcome: its
/// result, or the death of its worker, or that it was cancelled if it was.
///
/// # Errors
///
/// When a task has no, two, or a wrong outcome; when one ran that had none;
/// when there are more workers or descriptors than there may be.
pub fn soak(random: &mut Random, tasks: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut left = tasks;
    while left > 0 {
        let round = left.min(ROUND);
        round_of(random, round, &mut counts)?;
        left -= round;
    }
    Ok(counts)
}

fn round_of(
    random: &mut Random,
    tasks: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let starts = Value::new(0_u64)?;
    let pool = Pool::builder()
        .workers(WORKERS)
        .chunk_size(1 + random.below(30) as usize)
        .initializer(count_starts, starts.clone())
        .build()?;
    let seed = random.number();
    let mut killer = Random::seeded(random.number());
    let is_over = AtomicBool::new(false);
    let mut outcomes = Counts::default();
    let killed = std::thread::scope(|scope| {
        let killer = scope.spawn(|| harass(&pool, &mut killer, &is_over));
        let outcome = map_and_apply(&pool, random, seed, tasks, &mut outcomes);
        is_over.store(true, Ordering::Relaxed);
        let killed = killer.join().map_err(|_| "the killer panicked")?;
        outcome.map(|()| killed)
    })?;
    pool.close();

    let (done, lost) = (outcomes.of("results"), outcomes.of("lost"));
    let cancelled = outcomes.of("cancelled");
    if done + lost + cancelled != tasks {
        return Err(format!("{tasks} tasks had these outcomes: {outcomes}").into());
    }
    // A task that has a result has started once; one that was lost or cancelled
    // may have started, but not twice.
    let started = starts.load();
    if !(done..=done + lost + cancelled).contains(&started) {
        return Err(format!("{started} starts, but {outcomes}").into());
    }
    counts.add("tasks", tasks);
    counts.add_all(&outcomes);
    counts.add_all(&killed);
    Ok(())
}

/// Gives most tasks to the pool as one map, some one by one, of which some are
/// cancelled again.
fn map_and_apply(
    pool: &Pool,
    random: &mut Random,
    seed: u64,
    tasks: u64,
    outcomes: &mut Counts,
) -> Result<(), Failure> {
    let singles = tasks / 20;
    let mapped = tasks - singles;
    let mut seen = vec![false; mapped as usize];
    let items = (0..mapped).map(|number| task(seed, number));
    let mut results = pool.imap_unordered(work, items)?;
    for number in mapped..tasks {
        let mut single = pool.apply_async(work, task(seed, number))?;
        for (index, result) in results.by_ref().take(8) {
            note(&mut seen, index, result, seed, outcomes)?;
        }
        let is_unwanted = random.below(4) == 0;
        if is_unwanted {
            single.cancel();
        }
        match single.get_timeout(PATIENCE) {
            Ok(None) => return Err(hangs("a single task")),
            Ok(Some(result)) if is_result_of(&result, seed, number) => {
                outcomes.add("results", 1);
            }
            Err(Error::Cancelled) if is_unwanted => outcomes.add("cancelled", 1),
            Err(error) if is_loss(&error) => outcomes.add("lost", 1),
            other => return Err(format!("task {number}: {other:?}").into()),
        }
    }
    for (index, result) in results {
        note(&mut seen, index, result, seed, outcomes)?;
        let workers = pool.worker_ids().len();
        if workers > WORKERS {
            return Err(format!("{workers} workers").into());
        }
    }
    match seen.iter().position(|seen| !seen) {
        Some(number) => Err(format!("task {number} has no outcome").into()),
        None => Ok(()),
    }
}

/// Whether a task is reported as lost, with what became of its worker.
fn is_loss(error: &Error) -> bool {
    match error {
        Error::Broken { source, .. } => is_loss(source),
        error => matches!(error, Error::Killed { signal: 9 | 11, .. }),
    }
}

fn hangs(what: &str) -> Failure {
    let tree = system::tree(std::process::id());
    format!("{what} hangs:\n{tree}").into()
}

/// Notes the outcome of one item of the map.
fn note(
    seen: &mut [bool],
    index: usize,
    result: Result<Work, Error>,
    seed: u64,
    outcomes: &mut Counts,
) -> Result<(), Failure> {
    if std::mem::replace(&mut seen[index], true) {
        return Err(format!("task {index} has two outcomes").into());
    }
    match result {
        Ok(result) if is_result_of(&result, seed, index as u64) => {
            outcomes.add("results", 1);
        }
        Err(error) if is_loss(&error) => outcomes.add("lost", 1),
        other => return Err(format!("task {index}: {other:?}").into()),
    }
    Ok(())
}

/// Kills, stops and continues random workers until it is over.
fn harass(pool: &Pool, random: &mut Random, is_over: &AtomicBool) -> Counts {
    let mut counts = Counts::default();
    let mut stopped: Vec<Watched> = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        pass_time(random, Duration::from_millis(4));
        if !stopped.is_empty() && random.below(2) == 0 {
            let chosen = random.below(stopped.len() as u64) as usize;
            stopped.swap_remove(chosen).signal(Signal::CONT);
            continue;
        }
        let ids = pool.worker_ids();
        if ids.is_empty() {
            continue;
        }
        let id = ids[random.below(ids.len() as u64) as usize];
        // The id may be that of another process by now.
        let Some(worker) = Watched::child(id) else {
            continue;
        };
        // Mostly those that are ready: when several in a row die before they
        // are, the pool says that it is broken, and fails what is queued.
        let has_started = system::name(id).starts_with("PoolWorker");
        if !has_started && random.below(16) > 0 {
            continue;
        }
        match random.below(4) {
            0 => {
                counts.add("SIGSTOP", 1);
                worker.signal(Signal::STOP);
                stopped.push(worker);
            }
            1 => {
                // The first one is taken for a fault of the program's own, and
                // the handler returns to where nothing is wrong.
                counts.add("SIGSEGV", 1);
                worker.signal(Signal::SEGV);
                worker.signal(Signal::SEGV);
            }
            _ => {
                counts.add("SIGKILL", 1);
                worker.signal(Signal::KILL);
            }
        }
    }
    for worker in stopped {
        worker.signal(Signal::CONT);
    }
    counts
}

//! The log analyser of the capstone, its ranges handed out by a manager rank.
//!
//! Rank 0 is the manager: it gives a range of bytes to each rank that asks, and
//! adds up the reports. The others ask, count, and ask again, so a slow rank does
//! not hold up the rest. All ranks read the files by the same names: on several
//! machines they lie on a shared file system.
//!
//! Chapter: Past one machine
//! Run: cargo build --release --manifest-path examples/mpi/Cargo.toml
//!      mpiexec -n 4 examples/mpi/target/release/task_queue FILE ...

// The very files of the capstone: the same counting, another engine.
#[path = "../../../capstone_logs/line.rs"]
mod line;
#[path = "../../../capstone_logs/report.rs"]
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};
use mpi_examples::{abort_on_panic, agree};
use report::{Range, Report, read_range};
use serde::{Deserialize, Serialize};

/// How many bytes a task covers.
const RANGE: usize = 4 << 20;
const MANAGER: i32 = 0;

/// What a worker tells the manager, each time it has nothing to do.
#[derive(Serialize, Deserialize)]
struct Ask {
    /// The report of the last task, or why there is none.
    done: Option<Result<Report, String>>,
}

/// What the manager answers: a task, or nothing when there are no more.
type Answer = Option<Range>;

fn main() -> ExitCode {
    let universe = mpi::initialize().expect("MPI starts only once");
    abort_on_panic();
    match run(&universe.world()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => status,
    }
}

fn run(world: &SimpleCommunicator) -> Result<(), ExitCode> {
    let ranges = agree(world, ranges())?.unwrap_or_default();
    let total = match (world.rank(), world.size()) {
        (MANAGER, 1) => add_up(ranges.into_iter().map(count)),
        (MANAGER, _) => manage(world, ranges),
        _ => {
            work(world);
            Ok(Report::default())
        }
    };
    if let Some(total) = agree(world, total)?
        && world.rank() == MANAGER
    {
        total
            .print(&mut std::io::stdout().lock())
            .expect("standard output");
    }
    Ok(())
}

// ANCHOR: manage
/// Hands out the ranges one by one to whoever asks, until every worker has been
/// told that there are no more.
fn manage(world: &SimpleCommunicator, ranges: Vec<Range>) -> Result<Report, String> {
    let mut waiting = ranges.into_iter();
    let mut working = world.size() - 1;
    let reports = std::iter::from_fn(|| {
        while working > 0 {
            let (message, status) = world.any_process().receive_vec::<u8>();
            let ask: Ask = from_bytes(&message);
            let task: Answer = waiting.next();
            working -= i32::from(task.is_none());
            world
                .process_at_rank(status.source_rank())
                .send(&to_bytes(&task)[..]);
            if let Some(report) = ask.done {
                return Some(report);
            }
        }
        None
    });
    add_up(reports)
}

// ANCHOR_END: manage

// ANCHOR: work
/// Asks for a range, counts it, and asks again.
fn work(world: &SimpleCommunicator) {
    let manager = world.process_at_rank(MANAGER);
    let mut done = None;
    loop {
        manager.send(&to_bytes(&Ask { done })[..]);
        let (message, _) = manager.receive_vec::<u8>();
        let Some(range) = from_bytes::<Answer>(&message) else {
            return;
        };
        done = Some(count(range));
    }
}
// ANCHOR_END: work

fn count(range: Range) -> Result<Report, String> {
    let name = range.0.clone();
    read_range(range).map_err(|problem| format!("{}: {problem}", name.display()))
}

/// Adds up the reports; the first problem is the result of all, but every report
/// is taken in, so that no worker is left waiting.
fn add_up(
    reports: impl Iterator<Item = Result<Report, String>>,
) -> Result<Report, String> {
    let mut total = Report::default();
    let mut problem = None;
    for report in reports {
        match report {
            Ok(part) => total.add(part),
            Err(message) => problem = problem.or(Some(message)),
        }
    }
    problem.map_or(Ok(total), Err)
}

/// The ranges of the files on the command line.
fn ranges() -> Result<Vec<Range>, String> {
    let files: Vec<OsString> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        return Err("task_queue takes the names of log files".to_string());
    }
    let mut ranges = Vec::new();
    for file in files {
        let length = std::fs::metadata(&file)
            .map_err(|problem| format!("{}: {problem}", file.display()))?
            .len();
        for start in (0..length).step_by(RANGE) {
            ranges.push((file.clone(), start, length.min(start + RANGE as u64)));
        }
    }
    Ok(ranges)
}

fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("these types have a form as bytes")
}

/// Reads a message; all ranks run this program, so it is one of its own.
fn from_bytes<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).expect("a message of this program")
}

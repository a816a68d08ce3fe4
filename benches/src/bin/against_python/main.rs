//! Compares the library with Python's `multiprocessing` and with what else
//! there is, on the same work, in turns: what does the same machine, at the
//! same time, make of each?
//!
//! Run: `cargo run --release -p benches --bin against_python -- [--json]
//! [--rounds N] [WORK ...]`

mod capstone;
mod contest;
// The example itself, not a copy of it.
#[path = "../../../../examples/capstone_logs/generate.rs"]
mod generate;
#[path = "../../../../examples/capstone_logs/line.rs"]
mod line;
mod pipe;
mod pool;
mod process;
mod python;
mod queue;
#[path = "../../../../examples/capstone_logs/report.rs"]
mod report;
mod shared;
mod table;

use std::cell::RefCell;
use std::process::exit;
use std::rc::Rc;

use contest::{Row, Way};
use python::Python;
use table::Table;

/// The Python process, shared by all who let it work.
type Shared = Rc<RefCell<Python>>;

/// Makes a row when its turn has come.
type Make = fn(&Shared) -> Row;

/// All there is to compare, in the order of the chapters.
const ROWS: &[(&str, Make)] = &[
    ("process_start", process::start),
    ("pool_map", pool::map),
    ("pool_one_by_one", pool::one_by_one),
    ("pool_1ms", pool::milliseconds),
    ("pool_apply", pool::apply),
    ("queue_one_by_one", queue::one_by_one),
    ("queue_many", queue::in_batches),
    ("pipe_round_trip", pipe::round_trip),
    ("value_locked", shared::locked),
    ("array_sum", shared::sum),
    ("array_hand_over", shared::hand_over),
    ("capstone", capstone::logs),
];

fn main() {
    benches::exit_if_bare();
    benches::echo_if_bare();
    capstone::generate_if_asked();
    multiproc::init();
    procspawn::init();

    let mut json = false;
    let mut rounds = 15;
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => json = true,
            "--rounds" => {
                let number = words.next().and_then(|word| word.parse().ok());
                rounds = number.filter(|rounds| *rounds > 0).unwrap_or_else(|| {
                    refuse("--rounds needs a number above 0");
                });
            }
            name if ROWS.iter().any(|(row, _)| *row == name) => {
                wanted.push(word);
            }
            name => refuse(&format!("there is no work called {name}")),
        }
    }

    let python = Rc::new(RefCell::new(Python::start()));
    let mut table = Table::new(json, &python.borrow().version);
    for (name, make) in ROWS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let mut row = make(&python);
            let outcome = row.measure(rounds);
            table.add(name, &row, &outcome);
        }
    }
    table.finish();
}

fn refuse(reason: &str) -> ! {
    eprintln!("{reason}; work to choose from:");
    for (name, _) in ROWS {
        eprintln!("  {name}");
    }
    exit(2)
}

/// Lets Python do `work`, whose sum must be `sum`.
fn python_way(
    name: &'static str,
    python: &Shared,
    work: &'static str,
    count: u64,
    sum: u64,
) -> Way {
    let python = python.clone();
    Way::measured(name, move || {
        let (time, found) = python.borrow_mut().run(work, count);
        assert_eq!(found, sum, "Python does the same work");
        time
    })
}

//! The soak: kills at random moments, for as long as wanted.
//!
//! `cargo soak` runs for ten seconds, `cargo soak -- --seconds 1800` for half an
//! hour. `--seed` replays a run's choices, `--tasks` sets how many tasks go
//! through the pool in each turn, and the names of parts select them. `--record`
//! leaves the figures of the run in `tests/soak`, for the book.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::Random;
use tests::soak::record::Record;
use tests::soak::{Counts, Part, locks, parents, pool, queue, run, signals};

/// Each part, its name, and how much of it is done in a turn.
const PARTS: &[(&str, Part, u64)] = &[
    ("pool", pool::soak, 100_000),
    ("queue", queue::soak, 400),
    ("locks", locks::soak, 1_000),
    ("parents", parents::soak, 50),
    ("signals", signals::soak, 50),
];

/// What the command line says.
struct Arguments {
    seconds: u64,
    seed: u64,
    tasks: Option<u64>,
    record: bool,
    parts: Vec<String>,
}

fn main() -> ExitCode {
    multiproc::init();
    signals::play_part();
    match arguments(std::env::args().skip(1)) {
        Ok(arguments) => soak(&arguments),
        Err(problem) => {
            eprintln!("{problem}");
            eprintln!(
                "usage: cargo soak [-- [--seconds N] [--seed N] [--tasks N] [--record] \
                 [PART …]]"
            );
            let names: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
            eprintln!("parts: {}", names.join(", "));
            ExitCode::from(2)
        }
    }
}

fn arguments(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        seconds: 10,
        seed: 1,
        tasks: None,
        record: false,
        parts: Vec::new(),
    };
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let mut number = || {
            let number = words.next().and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("{word} needs a number"))
        };
        match word.as_str() {
            "--seconds" => arguments.seconds = number()?,
            "--seed" => arguments.seed = number()?,
            "--tasks" => arguments.tasks = Some(number()?),
            "--record" => arguments.record = true,
            name if PARTS.iter().any(|(known, ..)| *known == name) => {
                arguments.parts.push(word);
            }
            other => return Err(format!("what is {other}?")),
        }
    }
    Ok(arguments)
}

/// Runs the parts in turns until the time is over; each at least once.
fn soak(arguments: &Arguments) -> ExitCode {
    let is_wanted = |name: &str| {
        arguments.parts.is_empty() || arguments.parts.iter().any(|part| part == name)
    };
    println!("seed {}", arguments.seed);
    let begin = Instant::now();
    let mut random = Random::seeded(arguments.seed);
    let mut totals = vec![(Counts::default(), Duration::ZERO); PARTS.len()];
    let mut turns = 0;
    while turns == 0 || begin.elapsed() < Duration::from_secs(arguments.seconds) {
        turns += 1;
        for (&(name, part, size), (counts, time)) in PARTS.iter().zip(&mut totals) {
            if !is_wanted(name) {
                continue;
            }
            let begin = Instant::now();
            let size = match (name, arguments.tasks) {
                ("pool", Some(tasks)) => tasks,
                _ => size,
            };
            match run(part, &mut random, size) {
                Ok(more) => counts.add_all(&more),
                Err(problem) => {
                    println!("turn {turns}, {name}: {problem}");
                    return ExitCode::FAILURE;
                }
            }
            *time += begin.elapsed();
        }
    }
    for ((name, ..), (counts, time)) in PARTS.iter().zip(&totals) {
        if is_wanted(name) {
            println!("{name}: {counts}; {:.1} s", time.as_secs_f64());
        }
    }
    println!("{turns} turns in {:.1} s", begin.elapsed().as_secs_f64());
    if arguments.record
        && let Err(problem) = record(arguments, turns, begin.elapsed(), &totals)
    {
        println!("nothing recorded: {problem}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn record(
    arguments: &Arguments,
    turns: u64,
    time: Duration,
    totals: &[(Counts, Duration)],
) -> Result<(), Box<dyn std::error::Error>> {
    let words = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let command = format!("cargo soak -- {words}");
    let mut record = Record::new(command, arguments.seed, turns, time);
    for ((name, ..), (counts, time)) in PARTS.iter().zip(totals) {
        record.add(name, *time, counts);
    }
    record.write()
}

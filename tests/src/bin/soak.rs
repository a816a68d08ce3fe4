//! The soak: kills at random moments, for as long as wanted.
//!
//! `cargo soak` runs for ten seconds, `cargo soak -- --seconds 1800` for half an
//! hour. `--seed` replays a run's choices, `--tasks` sets how many tasks go
//! through the pool in each turn, and the names of parts select them. `--record`
//! leaves the figures of the run in `tests/soak`, for the book.
//!
//! `cargo soak -- instructions` kills after every instruction of each operation.
//! `cargo soak -- grader` grades the exercises instead, with all cores busy.

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::Random;
use tests::soak::record::Record;
use tests::soak::{
    Counts, Part, coordination, grader, instructions, locks, parents, pipes, pool,
    queue, run, signals,
};

/// Each part, its name, and how much of it is done in a turn.
const PARTS: &[(&str, Part, u64)] = &[
    ("pool", pool::soak, 100_000),
    ("queue", queue::soak, 400),
    ("pipes", pipes::soak, 100),
    ("locks", locks::soak, 1_000),
    ("coordination", coordination::soak, 100),
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
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    // The alias ends in one `--` already, so a second one comes through.
    if words.first().is_some_and(|word| word == "--") {
        words.remove(0);
    }
    match &words[..] {
        [word, ..] if word == "--help" || word == "-h" => {
            // Whoever reads it may have seen enough.
            let _ = writeln!(stdout(), "{}", usage());
            ExitCode::SUCCESS
        }
        [word, words @ ..] if word == "grader" => soak_grader(words),
        [word, words @ ..] if word == "instructions" => soak_instructions(words),
        _ => match arguments(words.into_iter()) {
            Ok(arguments) => soak(&arguments),
            Err(problem) => {
                eprintln!("{problem}\n\n{}", usage());
                ExitCode::from(2)
            }
        },
    }
}

fn usage() -> String {
    let names: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
    format!(
        "\
usage: cargo soak [-- [--seconds N] [--seed N] [--tasks N] [--record] [PART …]]
       cargo soak -- instructions [--record] [OPERATION …]
       cargo soak -- grader [--rounds N] [EXERCISE …]

The first kills processes of the library at random moments, for 10 seconds or as long
as is said. --seed replays a run's choices, --tasks sets how many tasks go through the
pool in each turn, --record leaves the figures in tests/soak. The parts:
{}.

The second kills a process after every instruction of each operation, but for the third
and later rounds of a loop. It takes about 40 minutes: `cargo test -p tests --test
kill_at` tries a sample.

The third grades the solutions of the exercises N times (20) and all wrong answers at
most three times, with all cores busy: each must get the verdict that it gets on a
quiet machine. For all exercises and 20 rounds it takes half an hour.",
        names.join(", ")
    )
}

fn soak_instructions(words: &[String]) -> ExitCode {
    match instructions::soak(words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn soak_grader(words: &[String]) -> ExitCode {
    match grader::soak(words) {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
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
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words = words.join(" ");
    let words = words.trim_start_matches("-- ");
    let command = format!("cargo soak -- {words}");
    let mut record = Record::new(command, arguments.seed, turns, time);
    for ((name, ..), (counts, time)) in PARTS.iter().zip(totals) {
        record.add(name, *time, counts.to_vec());
    }
    record.write("long")
}

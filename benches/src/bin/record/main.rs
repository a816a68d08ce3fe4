//! Measures all benches on this machine and keeps the figures as those of the
//! reference machine, in `benches/results`, where the book finds them.
//!
//! Run: `cargo run --release -p benches --bin record -- [BENCH ...]`. Without
//! names it takes all benches and the comparison with Python. `--last-run`
//! keeps what was measured last, and measures nothing.

mod estimates;
mod groups;

use std::error::Error;
use std::process::{Command, ExitCode};

use benches::Figure;
use estimates::measured;
use groups::{AGAINST_PYTHON, BENCHES};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let last_run = words.iter().any(|word| word == "--last-run");
    words.retain(|word| word != "--last-run");
    match record(&words, last_run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("record: {error}");
            ExitCode::FAILURE
        }
    }
}

fn record(wanted: &[String], last_run: bool) -> Outcome<()> {
    let names = || BENCHES.iter().map(|(bench, _)| *bench);
    for word in wanted {
        if word != AGAINST_PYTHON.name && !names().any(|bench| bench == word) {
            return Err(format!("there is no bench called {word}").into());
        }
    }
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    for (bench, groups) in BENCHES {
        if !is_wanted(bench) {
            continue;
        }
        let command = format!("cargo bench -p benches --bench {bench}");
        if !last_run {
            run(&command)?;
        }
        for group in *groups {
            let figures = measured(group)?;
            group.write(&command, &figures)?;
        }
    }
    if is_wanted(AGAINST_PYTHON.name) && !last_run {
        compare_with_python()?;
    }
    Ok(())
}

/// Runs a command in this repository, and shows what it prints.
fn run(command: &str) -> Outcome<()> {
    println!("{command}");
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let status = Command::new(program)
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{command}` failed: {status}").into())
    }
}

fn compare_with_python() -> Outcome<()> {
    let command = "cargo run --release -p benches --bin against_python";
    println!("{command}");
    let output = Command::new("cargo")
        .args(command.split(' ').skip(1))
        .args(["--", "--json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let status = output.status;
        return Err(format!("`{command}` failed, {status}: {said}").into());
    }
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let lines = found["lines"].as_array().ok_or("there are no lines")?;
    let figures = lines.iter().map(|line| Figure {
        series: line["series"].as_str().unwrap_or_default().to_owned(),
        input: line["work"].as_str().unwrap_or_default().to_owned(),
        nanoseconds: line["nanoseconds"].as_f64().unwrap_or_default(),
        interval: None,
        elements: line["count"].as_u64(),
        bytes: None,
    });
    AGAINST_PYTHON.write(command, &figures.collect::<Vec<_>>())
}

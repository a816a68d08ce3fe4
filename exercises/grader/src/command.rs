//! `cargo grade` on the command line.
//!
//! # Layout
//!
//! - `terminal`: how it is told

mod terminal;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::grading::{Answer, Options, grade};
use crate::workbook::Workbook;

/// Grades exercises on work with several processes.
#[derive(Debug, Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade", version)]
struct Arguments {
    /// Exercises to grade.
    names: Vec<String>,
    /// Repeats the random inputs of an earlier grading.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo grade: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let workbook = Workbook::find()?;
    let mut answers = Vec::new();
    for name in &arguments.names {
        let exercise = workbook.exercise(name)?;
        answers.push(Answer {
            exercise,
            role: "answer".to_owned(),
            path: workbook.answer(exercise),
        });
    }
    let options = Options {
        seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..1 << 32)),
        ..Options::default()
    };
    let progress = terminal::Progress::start();
    let grades =
        grade(&workbook, &answers, &options, &mut |what| progress.at(what))?;
    progress.end();
    for grade in &grades {
        terminal::tell(grade);
    }
    let full = grades.iter().all(crate::verdict::Grade::is_full);
    Ok(ExitCode::from(u8::from(!full)))
}

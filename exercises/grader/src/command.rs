//! `cargo grade` on the command line.
//!
//! # Layout
//!
//! - `arguments`: what can be said
//! - `class`: grades a class
//! - `grading`: grades and tells
//! - `learner`: start, next, list, hint, solution, reset, undo, again
//! - `rehearse`: grades what the workbook itself holds
//! - `terminal`: how it is told
//! - `watch`: grades whenever an answer is saved

mod arguments;
mod class;
mod grading;
mod learner;
mod rehearse;
mod terminal;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::workbook::Workbook;
use arguments::{Arguments, Command};

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo grade: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let workbook = Workbook::find()?;
    let learner = learner::Learner::new(&workbook)?;
    let done = match &arguments.command {
        None => return grading::run(&learner, &arguments.grading),
        Some(Command::Start { name }) => learner.start(name),
        Some(Command::Next) => learner.next(),
        Some(Command::List) => learner.list(),
        Some(Command::Hint { name }) => learner.hint(name.as_deref()),
        Some(Command::Solution { name, give_up }) => {
            learner.solution(name.as_deref(), *give_up)
        }
        Some(Command::Reset { name }) => learner.reset(name.as_deref(), false),
        Some(Command::Again { name }) => learner.reset(Some(name), true),
        Some(Command::Undo { name }) => learner.undo(name.as_deref()),
        Some(Command::Inventory) => learner.inventory(),
        Some(Command::Rehearse { names, rounds }) => {
            return rehearse::run(&workbook, names, *rounds);
        }
        Some(Command::Class {
            folder,
            unconfined,
            seed,
            json,
            report,
        }) => class::run(
            &workbook,
            folder,
            *unconfined,
            *seed,
            *json,
            report.as_deref(),
        ),
    };
    done.map(|()| ExitCode::SUCCESS)
}

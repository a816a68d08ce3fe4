//! Serves the book from the reader's own machine.

use anyhow::Result;
use clap::{Parser, Subcommand};
use reader::project::Project;
use reader::{pages, preprocess};
use std::io::{stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Opens the book in your browser and runs its examples on your machine.
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the pages and stops; what is wrong with them is printed.
    Build {
        /// Where the pages go.
        #[arg(long, default_value = "book/book")]
        folder: PathBuf,
    },
    /// Speaks mdBook's protocol for preprocessors; `book.toml` calls this.
    Preprocess {
        #[command(subcommand)]
        question: Option<Question>,
    },
}

#[derive(Subcommand)]
enum Question {
    /// Answers with its exit status whether a renderer is supported.
    Supports {
        /// The renderer's name.
        renderer: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Some(Command::Preprocess {
            question: Some(Question::Supports { renderer }),
        }) => Ok(ExitCode::from(u8::from(renderer != "html"))),
        Some(Command::Preprocess { question: None }) => {
            preprocess::command(stdin().lock(), stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Build { folder }) => {
            let project = Project::around(&std::env::current_dir()?)?;
            pages::replace(&project, &project.root().join(folder))?;
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

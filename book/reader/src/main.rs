//! Serves the book from the reader's own machine.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use reader::project::Project;
use reader::server::{Options, Server};
use reader::supervise::{Limits, supervise};
use reader::{pages, preprocess};
use std::io::{stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Opens the book in your browser and runs its examples on your machine.
#[derive(Debug, Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Args)]
struct Serve {
    /// Do not open a browser, only say where the book is.
    #[arg(long)]
    no_open: bool,
    /// The port to try first; the next free one is taken. 0 takes any.
    #[arg(long, default_value_t = 3210)]
    port: u16,
    /// A further name that browsers may call this server by, with its port if they
    /// name one: `book.example:8080`. For port forwarding.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Neither builds the examples ahead nor follows changes.
    #[arg(long, hide = true)]
    still: bool,
    /// Seconds that the header and the body of a request may take.
    #[arg(long, default_value_t = 10, hide = true)]
    patience: u64,
}

#[derive(Debug, Subcommand)]
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
    /// Keeps one program and all that it starts; the server calls this.
    #[command(hide = true)]
    Supervise {
        /// How long the program may run.
        #[arg(long)]
        milliseconds: u64,
        /// How much it may print.
        #[arg(long)]
        bytes: usize,
        /// The program and its arguments.
        #[arg(last = true)]
        words: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
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
        None => serve(arguments.serve)?,
        Some(Command::Build { folder }) => {
            let project = Project::around(&std::env::current_dir()?)?;
            let folder = project.root().join(folder);
            pages::replace(&project, &folder)?;
            println!("The pages are in {}", folder.display());
        }
        Some(Command::Preprocess { question: None }) => {
            preprocess::command(stdin().lock(), stdout().lock())?;
        }
        Some(Command::Preprocess {
            question: Some(Question::Supports { renderer }),
        }) => {
            return Ok(ExitCode::from(u8::from(renderer != "html")));
        }
        Some(Command::Supervise {
            milliseconds,
            bytes,
            words,
        }) => {
            let time = Duration::from_millis(milliseconds);
            supervise(
                &words,
                Limits {
                    time,
                    output: bytes,
                },
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(arguments: Serve) -> Result<()> {
    let project = Project::around(&std::env::current_dir()?)?;
    let mut options = Options::new(project);
    options.port = arguments.port;
    options.allow_hosts = arguments.allow_host;
    options.follow = !arguments.still;
    options.patience = Duration::from_secs(arguments.patience);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let server = Server::start(&options).await?;
        if let Some(problems) = server.problems() {
            eprintln!("{problems}");
        }
        let url = server.url();
        println!("The book is at {url} (Ctrl-C ends it)");
        if !arguments.no_open && opener::open_browser(&url).is_err() {
            println!(
                "No browser could be opened; please open that address in yours."
            );
        }
        let end = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        server.serve(end).await;
        Ok(())
    })
}

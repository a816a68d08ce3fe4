//! What can be said on the command line.

use clap::{Args, Parser, Subcommand};

/// Grades exercises on work with several processes.
///
/// Without arguments it grades the exercise you worked on last and says what is
/// next.
#[derive(Debug, Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade", version)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    /// What to do instead of grading.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// What to grade, and how to tell it.
    #[command(flatten)]
    pub(super) grading: Grading,
}

/// What to grade, and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Grading {
    /// Exercises to grade; without any, the one you worked on last.
    #[arg(value_name = "EXERCISE")]
    pub(super) names: Vec<String>,
    /// Grades all exercises that you have begun.
    #[arg(long, conflicts_with = "names")]
    pub(super) all: bool,
    /// Repeats the random inputs of an earlier grading.
    #[arg(long)]
    pub(super) seed: Option<u64>,
}

/// What to do instead of grading.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Copies an exercise into your folder, exercises/src/bin.
    Start {
        /// The exercise.
        name: String,
    },
    /// Starts the next exercise.
    Next,
    /// Lists all exercises and your points.
    List,
    /// Gives a hint; the next time, one that tells more.
    Hint {
        /// The exercise; without it, the one you worked on last.
        name: Option<String>,
    },
    /// Shows the reference solution, once you have all points.
    Solution {
        /// The exercise; without it, the one you worked on last.
        name: Option<String>,
        /// Shows it before that. It is noted.
        #[arg(long)]
        give_up: bool,
    },
    /// Puts the starter back in place of your answer, which is kept.
    Reset {
        /// The exercise.
        name: String,
    },
    /// Takes the last reset back, or the last undo.
    Undo {
        /// The exercise.
        name: String,
    },
    /// Begins an exercise afresh, before an exam: a new copy, and no points.
    Again {
        /// The exercise.
        name: String,
    },
}

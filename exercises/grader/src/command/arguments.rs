//! What can be said on the command line.

use std::path::PathBuf;

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
    /// Grades again whenever you save an answer.
    #[arg(long, conflicts_with_all = ["names", "all", "json", "junit", "report"])]
    pub(super) watch: bool,
    /// Prints JSON; exercises/grader/grade.schema.json describes it.
    #[arg(long, conflicts_with = "junit")]
    pub(super) json: bool,
    // As an attribute: marks of Markdown would be printed.
    #[arg(long, help = "Prints JUnit XML")]
    pub(super) junit: bool,
    /// Writes a page about all that you have done; grades nothing.
    #[arg(long, value_name = "FILE.html", conflicts_with_all = ["names", "all", "seed"])]
    pub(super) report: Option<PathBuf>,
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
        /// The exercise; without it, the one you worked on last.
        name: Option<String>,
    },
    /// Takes the last reset back, or the last undo.
    Undo {
        /// The exercise; without it, the one you worked on last.
        name: Option<String>,
    },
    /// Asks the questions of the process inventory, before the book and after it.
    Inventory,
    /// Grades a class: DIR/LEARNER/EXERCISE.rs.
    ///
    /// All get the same inputs. Results are kept in DIR/grades.jsonl, so that a class
    /// can be interrupted, and only what has changed is graded again.
    ///
    /// An answer runs as you. Bubblewrap keeps it from the network and from all
    /// files but its own run. Compiling is not confined, so an answer that makes the
    /// compiler read files or its environment (by a macro, or as a module in a file of
    /// its own) is refused. The grader asks the kernel what happened, but a program
    /// that is written to deceive it can speak its protocol: read an answer before its
    /// points count in an exam.
    Class {
        /// The folder of the class.
        folder: PathBuf,
        /// Runs the answers without bubblewrap: only if you trust every one.
        #[arg(long)]
        unconfined: bool,
        /// The inputs are made from it, the same for all.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
        /// Writes a page, too.
        #[arg(long, value_name = "FILE.html")]
        report: Option<PathBuf>,
    },
    /// Grades what the workbook itself holds, for whoever writes exercises.
    ///
    /// The starter must score nothing, the solution everything, and each wrong answer
    /// must lose exactly what its header says. With all cores busy, the same is done by
    /// cargo soak -- grader.
    Rehearse {
        /// The exercises; without any, all.
        #[arg(value_name = "EXERCISE")]
        names: Vec<String>,
        /// How often each solution is graded; the other answers at most three times.
        #[arg(long, default_value_t = 1)]
        rounds: usize,
    },
    /// Begins an exercise afresh, before an exam: a new copy, and no points.
    Again {
        /// The exercise.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn help_is_plain_text() {
        let mut command = Arguments::command();
        let mut helps = vec![command.render_long_help().to_string()];
        for command in command.get_subcommands_mut() {
            helps.push(command.render_long_help().to_string());
        }
        assert!(helps.len() > 10);
        for help in helps {
            assert!(!help.contains(['`', '*']), "{help}");
        }
    }
}

//! Compares what a program prints with the transcript that the book shows.

use crate::build::{program, root};
use crate::normal::normal;
use crate::run::run;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The longest line that a page of the book shows without scrolling.
const WIDTH: usize = 85;

/// Runs the example `name` and compares.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let finished = run(&mut Command::new(program(name)?))?;
    if !finished.status.success() {
        return Err(format!("{}\n{}", finished.status, finished.stderr));
    }
    compare(
        &root().join(format!("examples/output/{name}.txt")),
        &finished.stdout,
        normal,
    )
}

/// Compares `printed` with the file at `path`, ids and times apart; with
/// `UPDATE_OUTPUT` set, writes the file where it differs.
pub(crate) fn compare(
    path: &Path,
    printed: &str,
    normal: fn(&str) -> String,
) -> Result<(), String> {
    if let Some(line) = printed.lines().find(|line| line.chars().count() > WIDTH) {
        return Err(format!("a line is wider than {WIDTH} columns: {line}"));
    }
    let recorded = fs::read_to_string(path);
    let same = recorded
        .as_deref()
        .is_ok_and(|recorded| normal(recorded) == normal(printed));
    if same {
        return Ok(());
    }
    if env::var_os("UPDATE_OUTPUT").is_some() {
        return fs::write(path, printed).map_err(|problem| problem.to_string());
    }
    match recorded {
        Ok(recorded) => Err(format!(
            "the output is not the transcript {}\n--- transcript\n{recorded}\
             --- printed\n{printed}(UPDATE_OUTPUT=1 records it anew)",
            path.display()
        )),
        Err(problem) => Err(format!(
            "no transcript {}: {problem} (UPDATE_OUTPUT=1 records it)",
            path.display()
        )),
    }
}

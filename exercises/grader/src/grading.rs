//! From a source file to a grade.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::attempt::Attempt;
use crate::manifest::Exercise;
use crate::package::{self, Source};
use crate::scenarios::scenario;
use crate::sheet::Sheet;
use crate::source;
use crate::verdict::{Grade, Verdict};
use crate::workbook::Workbook;

/// An answer to be graded.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The exercise it answers.
    pub exercise: &'a Exercise,
    /// What sets it apart from other answers in the batch: `answer`, `solution`,
    /// a learner's name. Letters, digits and underscores.
    pub role: String,
    /// Where it is.
    pub path: PathBuf,
}

/// How to grade.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the random inputs are made from.
    pub seed: u64,
    /// A command in front of the helper that confines it further.
    pub confinement: Vec<String>,
}

/// Builds a batch of answers in one call of cargo and grades one after another.
///
/// # Errors
///
/// When the grader cannot do its work; what is wrong with an answer is a grade.
pub fn grade(
    workbook: &Workbook,
    answers: &[Answer<'_>],
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> io::Result<Vec<Grade>> {
    let sources: Vec<Source> = answers.iter().map(Answer::source).collect();
    let built = package::build(workbook, &sources, progress)?;
    let mut grades = Vec::new();
    for (answer, source) in answers.iter().zip(&sources) {
        progress(&source.name);
        let exercise = answer.exercise;
        let said = built.messages.get(&source.name).map_or("", String::as_str);
        let grade = match built.programs.get(&source.name) {
            Some(program) => {
                let text = fs::read(&answer.path)?;
                let text = String::from_utf8_lossy(&text);
                let shown = workbook.shown(&answer.path);
                let mut grade = judge(exercise, program, &text, &shown, options);
                let built_as = format!("src/bin/{}.rs", source.name);
                grade.printed = grade.printed.replace(&built_as, &shown);
                said.clone_into(&mut grade.compiler);
                grade
            }
            None if said.is_empty() => {
                return Err(io::Error::other(format!("cargo: {}", built.cargo)));
            }
            None => not_built(exercise, said, options.seed),
        };
        grades.push(grade);
    }
    Ok(grades)
}

impl Answer<'_> {
    fn source(&self) -> Source {
        Source {
            name: format!("{}_{}", self.role, self.exercise.name()),
            path: self.path.clone(),
        }
    }
}

fn judge(
    exercise: &Exercise,
    program: &Path,
    text: &str,
    shown: &str,
    options: &Options,
) -> Grade {
    let started = Instant::now();
    let mut attempt =
        Attempt::new(exercise, program, options.seed, &options.confinement);
    if !exercise.without.is_empty() {
        let found = source::mentions(text, &exercise.without);
        let seen = found.map_or_else(String::new, |name| {
            format!("the answer uses `{name}`, which does what you are to build")
        });
        attempt.check("own_work", Verdict::Fail, found.is_none(), seen);
    }
    if let Some(scenario) = scenario(&exercise.id) {
        scenario(&mut attempt);
    }
    let mut grade = attempt.sheet.close(exercise, options.seed);
    grade.milliseconds =
        u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let Some(line) = attempt.gap {
        let todo = match source::todo_text(text, line) {
            "" => String::new(),
            told => format!("\"{told}\""),
        };
        grade.gap = format!("line {line} of {shown}\n  todo!({todo})");
    }
    if !grade.is_full() {
        grade.printed = attempt.printed;
    }
    grade
}

/// The grade of an answer that is no program.
pub(crate) fn not_built(exercise: &Exercise, said: &str, seed: u64) -> Grade {
    let mut sheet = Sheet::default();
    for check in &exercise.checks {
        sheet.fail(&check.id, Verdict::BuildError, "it does not compile");
    }
    let mut grade = sheet.close(exercise, seed);
    said.clone_into(&mut grade.compiler);
    grade
}

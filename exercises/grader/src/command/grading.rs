//! Grades and tells.

use std::io::{self, Write, stdout};
use std::process::ExitCode;

use crate::grading::{Answer, Options, grade};
use crate::manifest::Exercise;
use crate::records::{Deed, replace};
use crate::report;
use crate::verdict::Grade;

use super::arguments::Grading;
use super::learner::Learner;
use super::{terminal, watch};

pub(super) fn run(
    learner: &Learner<'_>,
    arguments: &Grading,
) -> io::Result<ExitCode> {
    if let Some(path) = &arguments.report {
        let page =
            report::learner_page(&learner.workbook.manifest, &learner.records);
        replace(path, page.as_bytes())?;
        writeln!(stdout(), "{}", path.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.watch {
        watch::run(learner, arguments.seed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let exercises = chosen(learner, arguments)?;
    let grades = grade_all(learner, &exercises, arguments.seed)?;
    if arguments.json {
        writeln!(stdout(), "{}", report::json(&grades)?)?;
    } else if arguments.junit {
        write!(stdout(), "{}", report::junit(&grades))?;
    } else {
        for grade in &grades {
            terminal::tell(grade)?;
        }
        tell_next(learner, &grades)?;
    }
    let full = grades.iter().all(Grade::is_full);
    Ok(ExitCode::from(u8::from(!full)))
}

/// What the arguments name; without any, what was worked on last.
fn chosen<'a>(
    learner: &Learner<'a>,
    arguments: &Grading,
) -> io::Result<Vec<&'a Exercise>> {
    let workbook = learner.workbook;
    if arguments.all {
        let begun = workbook.manifest.exercises.iter();
        return Ok(begun.filter(|it| workbook.answer(it).exists()).collect());
    }
    if arguments.names.is_empty() {
        return Ok(vec![learner.named(None)?]);
    }
    let named = arguments.names.iter().map(|name| {
        let exercise = workbook.exercise(name)?;
        if workbook.answer(exercise).exists() {
            return Ok(exercise);
        }
        Err(io::Error::other(format!(
            "you have not begun {0}: `cargo grade start {0}`",
            exercise.name()
        )))
    });
    named.collect()
}

/// Grades the learner's answers, and keeps what was graded and what was found.
pub(super) fn grade_all(
    learner: &Learner<'_>,
    exercises: &[&Exercise],
    seed: Option<u64>,
) -> io::Result<Vec<Grade>> {
    let workbook = learner.workbook;
    let mut answers = Vec::new();
    let mut versions = Vec::new();
    for exercise in exercises {
        learner.tell_changed_starter(exercise)?;
        let path = workbook.answer(exercise);
        versions.push(match learner.records.keep(exercise, &path) {
            Ok(version) => Some(version),
            Err(error) => {
                eprintln!("this version could not be kept in .grade: {error}");
                None
            }
        });
        answers.push(Answer {
            exercise,
            role: "answer".to_owned(),
            path,
        });
    }
    let options = Options {
        // Short enough to be typed again.
        seed: seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        ..Options::default()
    };
    let progress = terminal::Progress::start();
    let grades = grade(workbook, &answers, &options, &mut |what| progress.at(what));
    progress.end();
    let grades = grades?;
    for (version, grade) in versions.into_iter().zip(&grades) {
        let grade = grade.clone();
        if let Err(error) = learner.records.note(Deed::Graded { version, grade }) {
            eprintln!("this grade could not be kept in .grade: {error}");
        }
    }
    Ok(grades)
}

fn tell_next(learner: &Learner<'_>, grades: &[Grade]) -> io::Result<()> {
    if grades.iter().any(|grade| !grade.is_full()) {
        return writeln!(stdout(), "\nStuck? `cargo grade hint`");
    }
    writeln!(
        stdout(),
        "\nThe reference solution, to compare: `cargo grade solution`"
    )?;
    match learner.upcoming() {
        Some(exercise) => writeln!(
            stdout(),
            "Next: `cargo grade next` starts {} ({})",
            exercise.name(),
            exercise.title
        ),
        None => writeln!(stdout(), "All exercises are solved."),
    }
}

//! Grades a class and tells it as a table.

use std::io::{self, Write, stdout};
use std::path::Path;

use crate::class::{ClassGrade, confinement, grade_class};
use crate::grading::Options;
use crate::records::replace;
use crate::report;
use crate::workbook::Workbook;

use super::terminal;

pub(super) fn run(
    workbook: &Workbook,
    folder: &Path,
    unconfined: bool,
    seed: u64,
    json: bool,
    page: Option<&Path>,
) -> io::Result<()> {
    let confinement = if unconfined {
        Vec::new()
    } else {
        confinement()?
    };
    let options = Options { seed, confinement };
    let progress = terminal::Progress::start();
    let grades =
        grade_class(workbook, folder, &options, &mut |what| progress.at(what));
    progress.end();
    let grades = grades?;
    if json {
        let text = serde_json::to_string_pretty(&grades)?;
        writeln!(stdout(), "{text}")?;
    } else {
        table(&grades)?;
    }
    if let Some(path) = page {
        let text = report::class_page(&workbook.manifest, &grades, seed);
        replace(path, text.as_bytes())?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

fn table(grades: &[ClassGrade]) -> io::Result<()> {
    let width = grades
        .iter()
        .map(|it| it.learner.chars().count())
        .max()
        .unwrap_or(0);
    for ClassGrade { learner, grade, .. } in grades {
        writeln!(
            stdout(),
            "{learner:width$}  {:<22} {:>2}/{:<2}  {}",
            grade.exercise,
            grade.points,
            grade.out_of,
            grade.verdict.words()
        )?;
    }
    Ok(())
}

//! The exercises themselves are tested: a starter scores nothing, a solution
//! everything, and a known-wrong answer loses exactly what its header says.

use std::fs;
use std::path::Path;

use crate::grading::{Answer, Options, grade};
use crate::manifest::Exercise;
use crate::verdict::{Grade, Verdict};
use crate::workbook::Workbook;

/// How often each kind of answer is graded, with other inputs each time.
#[derive(Clone, Copy, Debug)]
pub struct Repetitions {
    /// The solution.
    pub solution: usize,
    /// The starter and each wrong answer.
    pub others: usize,
}

/// Grades everything that there is for one exercise.
///
/// # Errors
///
/// What is not as it should be, with the seed that shows it.
pub fn rehearse(
    workbook: &Workbook,
    exercise: &Exercise,
    repetitions: Repetitions,
) -> Result<(), String> {
    let wrong = workbook.wrong_answers(exercise);
    let mut names: Vec<String> = fs::read_dir(&wrong)
        .map_err(|error| format!("{}: {error}", wrong.display()))?
        .filter_map(|entry| {
            Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())
        })
        .collect();
    names.sort();
    if names.len() < 4 {
        return Err(format!("only {} wrong answers", names.len()));
    }
    let solution = answer(exercise, "solution", &workbook.solution(exercise));
    let mut others = vec![answer(exercise, "starter", &workbook.starter(exercise))];
    for name in &names {
        let path = wrong.join(format!("{name}.rs"));
        others.push(answer(exercise, &format!("wrong_{name}"), &path));
    }
    let mut complaints = Vec::new();
    for round in 0..repetitions.solution.max(repetitions.others) {
        let mut answers = Vec::new();
        if round < repetitions.solution {
            answers.push(solution.clone());
        }
        if round < repetitions.others {
            answers.extend(others.clone());
        }
        complaints.extend(complaints_about(workbook, &answers)?);
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.join("\n\n"))
    }
}

fn complaints_about(
    workbook: &Workbook,
    answers: &[Answer<'_>],
) -> Result<Vec<String>, String> {
    let options = Options {
        seed: fastrand::u64(..1 << 32),
        ..Options::default()
    };
    let grades = grade(workbook, answers, &options, &mut |_| {})
        .map_err(|error| error.to_string())?;
    let mut complaints = Vec::new();
    for (answer, grade) in answers.iter().zip(&grades) {
        let complaint = match answer.role.as_str() {
            "starter" => starter(&answer.path, grade),
            "solution" => solution(grade),
            _ => known_wrong(&answer.path, answer.exercise, grade),
        };
        if let Err(complaint) = complaint {
            complaints.push(format!(
                "{}: {complaint}\n{}",
                answer.role,
                table(grade)
            ));
        }
    }
    Ok(complaints)
}

fn answer<'a>(exercise: &'a Exercise, role: &str, path: &Path) -> Answer<'a> {
    Answer {
        exercise,
        role: role.to_owned(),
        path: path.to_owned(),
    }
}

fn table(grade: &Grade) -> String {
    let mut lines: Vec<String> = Vec::new();
    for check in &grade.checks {
        let verdict = check.verdict.words();
        lines.push(format!("  {}: {verdict} {}", check.id, check.observed));
    }
    lines.push(format!("  seed {}", grade.seed));
    lines.push(grade.compiler.clone());
    lines.push(grade.printed.clone());
    lines.join("\n")
}

fn starter(path: &Path, grade: &Grade) -> Result<(), String> {
    if grade.verdict == Verdict::BuildError || !grade.compiler.is_empty() {
        return Err("must compile without a warning".to_owned());
    }
    if grade.points > 0 {
        return Err("must score nothing".to_owned());
    }
    // A repair has no gap: all is written, and wrong.
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let gaps = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("todo!"));
    let mut gaps = gaps.filter_map(|rest| rest.split('"').nth(1)).peekable();
    if gaps.peek().is_some() && !gaps.any(|gap| grade.gap.contains(gap)) {
        return Err("must be told what it lacks".to_owned());
    }
    if grade.checks.iter().any(|it| it.verdict == Verdict::Crashed) {
        return Err("must not be told of a crash".to_owned());
    }
    Ok(())
}

fn solution(grade: &Grade) -> Result<(), String> {
    if !grade.is_full() || !grade.compiler.is_empty() {
        return Err("must score everything, without a warning".to_owned());
    }
    Ok(())
}

fn known_wrong(
    path: &Path,
    exercise: &Exercise,
    grade: &Grade,
) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let header = |label: &str| {
        let label = format!("//! {label}: ");
        let found = text.lines().filter_map(|line| line.strip_prefix(&label));
        let found: Vec<String> = found.map(str::to_owned).collect();
        if found.is_empty() {
            Err(format!("the header lacks `{label}`"))
        } else {
            Ok(found)
        }
    };
    header("Misconception")?;
    let loses = header("Loses")?.join(" ");
    let loses: Vec<&str> = loses.split_whitespace().collect();
    for id in &loses {
        if !exercise.checks.iter().any(|check| check.id == *id) {
            return Err(format!("there is no check {id}"));
        }
    }
    for check in &grade.checks {
        let lost = check.verdict != Verdict::Pass;
        if lost != loses.contains(&check.id.as_str()) {
            let what = if lost { "loses" } else { "does not lose" };
            return Err(format!("{what} {}", check.id));
        }
    }
    let mut told = grade.compiler.clone();
    for check in &grade.checks {
        told.push_str(&check.observed);
        told.push('\n');
    }
    match header("Told")?.iter().find(|words| !told.contains(*words)) {
        Some(words) => Err(format!("is not told `{words}`")),
        None => Ok(()),
    }
}

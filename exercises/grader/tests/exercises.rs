//! The exercises, graded by the real thing: a starter scores nothing, a solution
//! everything, and a known-wrong answer loses exactly what its header says.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use grader::grading::{Answer, Options, grade};
use grader::manifest::Exercise;
use grader::verdict::{Grade, Verdict};
use grader::workbook::Workbook;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    grader::init();
    let arguments = Arguments::from_args();
    let workbook =
        Workbook::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .expect("the tests run in the workbook");
    let exercises = workbook.manifest.exercises.iter();
    let trials = exercises.map(|exercise| {
        let (workbook, exercise) = (workbook.clone(), exercise.clone());
        let name = format!("exercise_{}", exercise.id);
        Trial::test(name, move || {
            check(&workbook, &exercise).map_err(Failed::from)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Grades everything that there is for one exercise, in one batch.
fn check(workbook: &Workbook, exercise: &Exercise) -> Result<(), String> {
    let wrong = workbook.wrong_answers(exercise);
    let mut names: Vec<String> = fs::read_dir(&wrong)
        .map_err(|error| format!("{}: {error}", wrong.display()))?
        .filter_map(|entry| {
            Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())
        })
        .collect();
    names.sort();
    let mut answers = vec![
        answer(exercise, "starter", &workbook.starter(exercise)),
        answer(exercise, "solution", &workbook.solution(exercise)),
    ];
    for name in &names {
        let path = wrong.join(format!("{name}.rs"));
        answers.push(answer(exercise, &format!("wrong_{name}"), &path));
    }
    let options = Options {
        seed: fastrand::u64(..),
        ..Options::default()
    };
    let grades = grade(workbook, &answers, &options, &mut |_| {})
        .map_err(|error| error.to_string())?;
    let mut complaints = Vec::new();
    for (answer, grade) in answers.iter().zip(&grades) {
        let complaint = match answer.role.as_str() {
            "starter" => starter(grade),
            "solution" => solution(grade),
            _ => known_wrong(&answer.path, exercise, grade),
        };
        complaints.extend(complaint.err().map(|complaint| {
            format!("{}: {complaint}\n{}", answer.role, table(grade))
        }));
    }
    if names.len() < 4 {
        complaints.push(format!("only {} wrong answers", names.len()));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(complaints.join("\n\n"))
}

fn table(grade: &Grade) -> String {
    let line = |check: &grader::verdict::CheckResult| {
        format!(
            "  {}: {} {}",
            check.id,
            check.verdict.words(),
            check.observed
        )
    };
    let mut lines: Vec<String> = grade.checks.iter().map(line).collect();
    lines.push(format!("  seed {}", grade.seed));
    lines.push(grade.compiler.clone());
    lines.push(grade.printed.clone());
    lines.join("\n")
}

fn answer<'a>(exercise: &'a Exercise, role: &str, path: &Path) -> Answer<'a> {
    Answer {
        exercise,
        role: role.to_owned(),
        path: path.to_owned(),
    }
}

fn starter(grade: &Grade) -> Result<(), String> {
    if grade.verdict == Verdict::BuildError || !grade.compiler.is_empty() {
        return Err("must compile without a warning".to_owned());
    }
    if grade.points > 0 {
        return Err("must score nothing".to_owned());
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
    let lines = |label: &str| {
        let label = format!("//! {label}: ");
        let found = text.lines().filter_map(|line| line.strip_prefix(&label));
        found.map(str::to_owned).collect::<Vec<String>>()
    };
    if lines("Misconception").is_empty() {
        return Err("the header must name the misconception".to_owned());
    }
    let expected: Vec<String> = lines("Loses")
        .iter()
        .flat_map(|line| line.split(' '))
        .map(str::to_owned)
        .collect();
    let all = exercise.checks.iter().map(|check| &check.id);
    let unknown: Vec<&String> = expected
        .iter()
        .filter(|id| all.clone().all(|known| known != *id))
        .collect();
    if !unknown.is_empty() || expected.is_empty() {
        return Err(format!("the header must name checks; unknown: {unknown:?}"));
    }
    for check in &grade.checks {
        let lost = check.verdict != Verdict::Pass;
        if lost != expected.contains(&check.id) {
            let what = if lost { "loses" } else { "does not lose" };
            return Err(format!("{what} {}", check.id));
        }
    }
    let told = grade
        .checks
        .iter()
        .map(|check| format!("{}\n", check.observed));
    let told: String = told.chain([grade.compiler.clone()]).collect();
    for words in lines("Told") {
        if !told.contains(&words) {
            return Err(format!("is not told `{words}`"));
        }
    }
    if lines("Told").is_empty() {
        return Err("the header must say what the learner is told".to_owned());
    }
    Ok(())
}

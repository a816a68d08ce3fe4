//! A whole class: `DIR/LEARNER/EXERCISE.rs`, graded with the same inputs for all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::grading::{Answer, Options, grade, not_built};
use crate::records::{append, lines};
use crate::source::reads_more;
use crate::verdict::Grade;
use crate::workbook::Workbook;

/// Answers built in one call of cargo.
const BATCH: usize = 24;
/// Where the results are, in the class's folder.
const RESULTS: &str = "grades.jsonl";

/// One answer of one learner.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClassGrade {
    /// The learner: the name of the folder.
    pub learner: String,
    /// What the answer's text comes to; an answer that has changed is graded again.
    pub text: u64,
    /// What was found.
    pub grade: Grade,
}

/// Grades all answers of a class. What has been graded before with the same seed
/// and has not changed since is not graded again, so a class can be interrupted.
///
/// # Errors
///
/// When the folder cannot be read or written, or cargo cannot be run.
pub fn grade_class(
    workbook: &Workbook,
    folder: &Path,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> io::Result<Vec<ClassGrade>> {
    let mut known = known_grades(folder, options.seed);
    let mut grades = Vec::new();
    let mut ahead = Vec::new();
    for (learner, answer) in answers(workbook, folder)? {
        let text = digest(&fs::read(&answer.path)?);
        let key = (learner.clone(), answer.exercise.id.clone(), text);
        match known.remove(&key) {
            Some(grade) => grades.push(grade),
            None => ahead.push((learner, text, answer)),
        }
    }
    for batch in ahead.chunks(BATCH) {
        let answers: Vec<Answer<'_>> =
            batch.iter().map(|(_, _, answer)| answer.clone()).collect();
        let found = grade_batch(workbook, &answers, options, progress)?;
        for ((learner, text, _), grade) in batch.iter().zip(found) {
            let grade = ClassGrade {
                learner: learner.clone(),
                text: *text,
                grade,
            };
            append(&folder.join(RESULTS), &grade)?;
            grades.push(grade);
        }
    }
    grades.sort_by(|one, other| {
        let key = |it: &ClassGrade| (it.learner.clone(), it.grade.exercise.clone());
        key(one).cmp(&key(other))
    });
    Ok(grades)
}

/// All answers below the folder, with their learners.
fn answers<'a>(
    workbook: &'a Workbook,
    folder: &Path,
) -> io::Result<Vec<(String, Answer<'a>)>> {
    let mut learners: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    learners.retain(|path| path.is_dir());
    learners.sort();
    let mut answers = Vec::new();
    for (number, path) in learners.iter().enumerate() {
        let learner = path.file_name().unwrap_or_default().to_string_lossy();
        for exercise in &workbook.manifest.exercises {
            let path = path.join(format!("{}.rs", exercise.name()));
            // A link could lead to another learner's answer, or anywhere.
            if path.symlink_metadata().is_ok_and(|data| data.is_file()) {
                let answer = Answer {
                    exercise,
                    role: format!("class{number:04}"),
                    path,
                };
                answers.push((learner.clone().into_owned(), answer));
            }
        }
    }
    Ok(answers)
}

/// Compiling is not confined, so no answer may make the compiler read anything else:
/// not a neighbour's answer, nor the solution, nor the instructor's files.
fn grade_batch(
    workbook: &Workbook,
    answers: &[Answer<'_>],
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> io::Result<Vec<Grade>> {
    let mut refused = Vec::new();
    let mut built = Vec::new();
    for answer in answers {
        let text = fs::read(&answer.path)?;
        let found = reads_more(&String::from_utf8_lossy(&text));
        if found.is_none() {
            built.push(answer.clone());
        }
        refused.push(found);
    }
    let grades = match &built[..] {
        [] => Vec::new(), // cargo would build everything
        built => grade(workbook, built, options, progress)?,
    };
    let mut grades = grades.into_iter();
    let all = answers.iter().zip(refused).filter_map(|(answer, refused)| {
        let Some(found) = refused else {
            return grades.next();
        };
        let said = format!(
            "`{found}` can make the compiler read other files or its environment; \
             in a class, an answer with it is not compiled"
        );
        Some(not_built(answer.exercise, &said, options.seed))
    });
    Ok(all.collect())
}

/// What earlier, maybe interrupted, gradings have found with this seed.
fn known_grades(
    folder: &Path,
    seed: u64,
) -> BTreeMap<(String, String, u64), ClassGrade> {
    let grades: Vec<ClassGrade> = lines(&folder.join(RESULTS));
    let same = grades.into_iter().filter(|it| it.grade.seed == seed);
    same.map(|it| ((it.learner.clone(), it.grade.exercise.clone(), it.text), it))
        .collect()
}

/// FNV-1a, 64 bits: <https://www.rfc-editor.org/rfc/rfc9923>.
fn digest(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The command in front of the helper that keeps strangers' programs from the
/// network and from everything but their own run: bubblewrap.
///
/// # Errors
///
/// When it is not there or cannot work here.
pub fn confinement() -> io::Result<Vec<String>> {
    let trial = Command::new("bwrap")
        .args(["--ro-bind", "/", "/", "--unshare-all", "true"])
        .output();
    let reason = match trial {
        Ok(output) if output.status.success() => return Ok(bubblewrap()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(io::Error::other(format!(
        "strangers' programs are run confined by bubblewrap, which does not work here \
         ({reason}); install it, or say --unconfined if you trust every answer"
    )))
}

fn bubblewrap() -> Vec<String> {
    let mut command = vec![
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
    ];
    for folder in [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/etc/alternatives",
    ] {
        command.extend(["--ro-bind-try", folder, folder]);
    }
    command.extend(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
    command.into_iter().map(str::to_owned).collect()
}

//! What is known of the learner's work: which exercises are started, and grades.

use crate::project::Project;
use anyhow::Result;
use grader::records::Records;
use grader::workbook::Workbook;
use serde_json::{Map, Value, json};

/// The grade in what `cargo grade --json NAME` prints: a grade, or a list of one.
#[must_use]
pub fn one(printed: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(printed.trim()).ok()?;
    let listed = value.get("grades").unwrap_or(&value);
    let grade = listed.get(0).unwrap_or(listed).clone();
    grade.get("checks").is_some().then_some(grade)
}

/// What pages show: for each exercise that was started, its last grade, if it has
/// one, and the points of its best.
///
/// # Errors
///
/// There is no manifest of exercises, or it contradicts itself.
pub fn all(project: &Project) -> Result<Value> {
    let workbook = Workbook::open(project.root())?;
    let records = Records::of(&workbook);
    let mut known = Map::new();
    for exercise in &workbook.manifest.exercises {
        let last = records.grades(exercise).pop();
        if last.is_none() && !workbook.answer(exercise).is_file() {
            continue;
        }
        let best = records.best(exercise).map(|grade| grade.points);
        known.insert(exercise.id.clone(), json!({ "last": last, "best": best }));
    }
    Ok(json!({ "exercises": known }))
}

#[cfg(test)]
mod tests {
    use super::one;

    #[test]
    fn a_grade_is_found_alone_and_in_a_list() {
        let grade = "{\"exercise\": \"x\", \"checks\": []}";
        for printed in [
            grade.to_owned(),
            format!("[{grade}]\n"),
            format!("{{\"grades\": [{grade}]}}"),
        ] {
            assert_eq!(one(&printed).unwrap()["exercise"], "x", "{printed}");
        }
        assert!(one("").is_none() && one("{}").is_none() && one("[]").is_none());
    }
}

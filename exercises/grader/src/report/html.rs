//! A page that is readable as it is: on a screen, in the dark, on paper.

use std::fmt::Write;

use super::escape;
use crate::class::ClassGrade;
use crate::manifest::Manifest;
use crate::records::{Deed, Records};
use crate::verdict::{CheckResult, Grade, Verdict};

const STYLE: &str = include_str!("report.css");

/// One learner: all exercises, best grades, attempts and hints.
#[must_use]
pub fn learner_page(manifest: &Manifest, records: &Records) -> String {
    let mut body = String::new();
    let (mut points, mut out_of) = (0, 0);
    let mut details = String::new();
    body.push_str(
        "<table><thead><tr><th>Exercise<th>Points<th>Gradings<th>Hints\
         </tr></thead><tbody>\n",
    );
    for exercise in &manifest.exercises {
        let best = records.best(exercise);
        points += best.as_ref().map_or(0, |grade| grade.points);
        out_of += exercise.out_of();
        let hints = match records.hints(exercise) {
            _ if given_up(records, &exercise.id) => "solution shown".to_owned(),
            count => count.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            body,
            "<tr><td>{}<td class={}>{} of {}<td>{}<td>{hints}</tr>",
            escape(&exercise.title),
            best.as_ref()
                .map_or("none", |grade| class_of(grade.verdict)),
            best.as_ref().map_or(0, |grade| grade.points),
            exercise.out_of(),
            records.grades(exercise).len(),
        );
        if let Some(grade) = best {
            grade_details(&mut details, &grade);
        }
    }
    let _ = write!(
        body,
        "</tbody></table>\n<p>{points} of {out_of} points.</p>\n"
    );
    inventory(&mut body, records);
    page("Graded exercises", &format!("{body}{details}"))
}

/// A class: learners by exercises, and what was found about each answer.
#[must_use]
pub fn class_page(manifest: &Manifest, grades: &[ClassGrade], seed: u64) -> String {
    let mut learners: Vec<&str> =
        grades.iter().map(|it| it.learner.as_str()).collect();
    learners.sort_unstable();
    learners.dedup();
    let graded = |id: &str| grades.iter().any(|it| it.grade.exercise == id);
    let exercises = manifest.exercises.iter().filter(|it| graded(&it.id));
    let exercises: Vec<_> = exercises.collect();
    let mut body = format!("<p>Inputs made from seed {seed}.</p>\n<div class=wide>");
    body.push_str("<table><thead><tr><th>Learner");
    for exercise in &exercises {
        let _ = write!(body, "<th>{} ({})", escape(&exercise.id), exercise.out_of());
    }
    body.push_str("<th>Sum</tr></thead><tbody>\n");
    let mut details = String::new();
    for learner in learners {
        let own: Vec<&Grade> = grades
            .iter()
            .filter(|it| it.learner == learner)
            .map(|it| &it.grade)
            .collect();
        let _ = write!(body, "<tr><td>{}", escape(learner));
        let _ = writeln!(details, "<h2>{}</h2>", escape(learner));
        let mut sum = 0;
        for exercise in &exercises {
            let grade = own.iter().find(|grade| grade.exercise == exercise.id);
            let Some(grade) = grade else {
                body.push_str("<td class=none>–");
                continue;
            };
            sum += grade.points;
            let _ = write!(
                body,
                "<td class={}>{}<br><small>{}</small>",
                class_of(grade.verdict),
                grade.points,
                grade.verdict.words()
            );
            grade_details(&mut details, grade);
        }
        let _ = writeln!(body, "<td>{sum}</tr>");
    }
    body.push_str("</tbody></table></div>\n");
    page("Class report", &format!("{body}{details}"))
}

fn given_up(records: &Records, id: &str) -> bool {
    records.entries().into_iter().any(|entry| {
        matches!(entry.deed, Deed::Solved { exercise, given_up: true } if exercise == id)
    })
}

/// The inventory, the first and the last time, and the difference.
fn inventory(body: &mut String, records: &Records) {
    let entries = records.entries().into_iter();
    let taken: Vec<_> = entries
        .filter_map(|entry| match entry.deed {
            Deed::Inventory {
                misconceptions,
                right,
                questions,
            } => Some((misconceptions, right, questions)),
            _ => None,
        })
        .collect();
    let (Some(first), Some(last)) = (taken.first(), taken.last()) else {
        return;
    };
    let _ = writeln!(
        body,
        "<h2>Inventory</h2><p>{} of {} right",
        first.1, first.2
    );
    if taken.len() > 1 {
        let _ = write!(
            body,
            " the first time, {} of {} the last time",
            last.1, last.2
        );
    }
    body.push_str(".</p>\n<ul>\n");
    for misconception in &first.0 {
        let gone = taken.len() > 1 && !last.0.contains(misconception);
        let state = if gone { "gone" } else { "still there" };
        let _ = writeln!(body, "<li>{} ({state})</li>", escape(misconception));
    }
    for misconception in last.0.iter().filter(|it| !first.0.contains(it)) {
        let _ = writeln!(body, "<li>{} (new)</li>", escape(misconception));
    }
    body.push_str("</ul>\n");
}

fn grade_details(html: &mut String, grade: &Grade) {
    let open = if grade.is_full() { "" } else { " open" };
    let _ = writeln!(
        html,
        "<details{open}><summary>{}: {} of {} points, {}</summary>",
        escape(&grade.title),
        grade.points,
        grade.out_of,
        grade.verdict.words()
    );
    html.push_str(
        "<table><thead><tr><th>Check<th>Points<th>Seen</tr></thead><tbody>\n",
    );
    for check in &grade.checks {
        check_row(html, check);
    }
    html.push_str("</tbody></table>\n");
    for (label, text) in [
        ("The compiler said", &grade.compiler),
        ("It printed", &grade.printed),
    ] {
        if !text.is_empty() {
            let _ = writeln!(html, "<p>{label}:</p><pre>{}</pre>", escape(text));
        }
    }
    let _ = writeln!(html, "<p>Seed {}.</p></details>", grade.seed);
}

fn check_row(html: &mut String, check: &CheckResult) {
    let _ = write!(
        html,
        "<tr><td>{}<td class={}>{} of {}<br><small>{}</small><td>",
        escape(&check.title),
        class_of(check.verdict),
        check.points,
        check.out_of,
        check.verdict.words()
    );
    if check.verdict != Verdict::Pass {
        let seen = escape(&check.observed).replace('\n', "<br>");
        let expected = escape(&check.expected);
        let _ = write!(html, "{seen}<br><small>Expected: {expected}</small>");
    }
    html.push_str("</tr>\n");
}

fn class_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Skipped => "skipped",
        _ => "fail",
    }
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n<h1>{title}</h1>\n\
         {body}</main>\n</html>\n"
    )
}

//! What build servers show: an exercise is a suite, a check is a case.

use std::fmt::Write;

use super::escape;
use crate::verdict::{Grade, Verdict};

/// The grades as one `JUnit` XML text.
#[must_use]
pub fn junit(grades: &[Grade]) -> String {
    let mut xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for grade in grades {
        suite(&mut xml, grade);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, grade: &Grade) {
    let count = |wanted: fn(Verdict) -> bool| {
        grade
            .checks
            .iter()
            .filter(|check| wanted(check.verdict))
            .count()
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"{:.3}\">",
        escape(&grade.exercise),
        grade.checks.len(),
        count(is_failure),
        count(|verdict| verdict == Verdict::GraderError),
        count(|verdict| verdict == Verdict::Skipped),
        std::time::Duration::from_millis(grade.milliseconds).as_secs_f64(),
    );
    for check in &grade.checks {
        let _ = write!(
            xml,
            "    <testcase classname=\"{}\" name=\"{}\"",
            escape(&grade.exercise),
            escape(&check.id)
        );
        let element = match check.verdict {
            Verdict::Pass => {
                xml.push_str("/>\n");
                continue;
            }
            Verdict::Skipped => "skipped",
            Verdict::GraderError => "error",
            _ => "failure",
        };
        let _ = writeln!(
            xml,
            "><{element} message=\"{}: {}\">expected: {}</{element}></testcase>",
            check.verdict.words(),
            escape(&check.observed),
            escape(&check.expected)
        );
    }
    xml.push_str("  </testsuite>\n");
}

fn is_failure(verdict: Verdict) -> bool {
    !matches!(
        verdict,
        Verdict::Pass | Verdict::Skipped | Verdict::GraderError
    )
}

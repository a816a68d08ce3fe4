//! The score sheet of one answer. What is not proved scores nothing.

use std::collections::BTreeMap;

use crate::manifest::{Check, Exercise};
use crate::run::Stop;
use crate::supervise::Exit;
use crate::verdict::{CheckResult, Grade, Verdict};

/// What a scenario has found so far.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    found: BTreeMap<String, (Verdict, String)>,
}

impl Sheet {
    /// Notes that a check is passed; it stays failed if it has failed before.
    pub fn pass(&mut self, check: &str) {
        let passed = (Verdict::Pass, String::new());
        self.found.entry(check.to_owned()).or_insert(passed);
    }

    /// Notes that a check has failed and what was seen; the first failure stays.
    pub fn fail(&mut self, check: &str, verdict: Verdict, seen: impl Into<String>) {
        let failed = (verdict, seen.into());
        let entry = self.found.entry(check.to_owned()).or_insert(failed.clone());
        if entry.0 == Verdict::Pass {
            *entry = failed;
        }
    }

    /// Whether a check stands as passed.
    #[must_use]
    pub fn passed(&self, check: &str) -> bool {
        matches!(self.found.get(check), Some((Verdict::Pass, _)))
    }

    /// Notes for those of `checks` about which nothing is known that the run
    /// stopped.
    pub fn stopped(&mut self, checks: &[&str], stop: &Stop) {
        for check in checks {
            if !self.found.contains_key(*check) {
                self.fail(check, verdict_of(stop), stop.to_string());
            }
        }
    }

    /// Adds it all up.
    #[must_use]
    pub fn close(&self, exercise: &Exercise, seed: u64) -> Grade {
        let mut checks: Vec<CheckResult> = Vec::new();
        for check in &exercise.checks {
            let missing = check.needs.iter().find(|need| {
                let stands = |other: &CheckResult| {
                    other.id == **need && other.verdict == Verdict::Pass
                };
                !checks.iter().any(stands)
            });
            // A learner knows the checks by their titles.
            let missing = missing.map(|need| {
                let titled = exercise.checks.iter().find(|other| other.id == *need);
                titled.map_or(need, |other| &other.title)
            });
            checks.push(self.result(check, missing));
        }
        Grade {
            exercise: exercise.id.clone(),
            title: exercise.title.clone(),
            verdict: worst(&checks),
            points: checks.iter().map(|check| check.points).sum(),
            out_of: exercise.out_of(),
            seed,
            milliseconds: 0,
            gap: String::new(),
            checks,
            compiler: String::new(),
            printed: String::new(),
        }
    }

    fn result(&self, check: &Check, missing: Option<&String>) -> CheckResult {
        let unknown = "the grader has come to no result here".to_owned();
        let (mut verdict, mut observed) = self
            .found
            .get(&check.id)
            .cloned()
            .unwrap_or((Verdict::GraderError, unknown));
        if let Some(need) = missing
            && matches!(verdict, Verdict::Pass | Verdict::GraderError)
        {
            verdict = Verdict::Skipped;
            observed = format!("it proves nothing as long as “{need}” fails");
        }
        let passed = verdict == Verdict::Pass;
        CheckResult {
            id: check.id.clone(),
            title: check.title.clone(),
            verdict,
            points: if passed { check.points } else { 0 },
            out_of: check.points,
            observed,
            expected: check.expected.clone(),
            section: check.section.clone(),
        }
    }
}

fn verdict_of(stop: &Stop) -> Verdict {
    match stop {
        Stop::Deadlocked(_) => Verdict::Deadlocked,
        Stop::Spinning | Stop::Deadline(_) => Verdict::TimedOut,
        Stop::Ended(end) if end.exit == Exit::Code(0) => Verdict::Fail,
        Stop::Unwritten(_) => Verdict::Unwritten,
        Stop::Ended(_) | Stop::HelperLost => Verdict::Crashed,
        Stop::Storm(_) | Stop::Flooded => Verdict::Fail,
        Stop::Grader(_) => Verdict::GraderError,
    }
}

/// The verdict to show for the whole: the first that is not a pass, failures that
/// say more than `fail` and `skipped` before those.
fn worst(checks: &[CheckResult]) -> Verdict {
    let bad = || checks.iter().map(|check| check.verdict);
    let telling = |verdict: &Verdict| {
        !matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Skipped)
    };
    bad()
        .find(telling)
        .or_else(|| bad().find(|verdict| *verdict == Verdict::Fail))
        .or_else(|| bad().find(|verdict| *verdict != Verdict::Pass))
        .unwrap_or(Verdict::Pass)
}

//! What is found about an answer: the same for a terminal, a page and a file.

use serde::{Deserialize, Serialize};

/// The version of the format, which a reader must know.
pub const VERSION: u32 = 1;

/// What became of a check, or of an answer as a whole.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// It does not compile.
    BuildError,
    /// It came to a `todo!` of the starter.
    Unwritten,
    /// It spins or sleeps past its time.
    TimedOut,
    /// Everything waits and nobody is left to wake it.
    Deadlocked,
    /// A process came to a bad end.
    Crashed,
    /// It leaves processes, files or memory behind.
    Leaked,
    /// It does in one process, or one after another, what is for several at once.
    NotParallel,
    /// It proves nothing, because a check that it depends on failed.
    Skipped,
    /// The grader could not do its work; nothing is known about the answer.
    GraderError,
}

impl Verdict {
    /// As it is told.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::BuildError => "build error",
            Verdict::Unwritten => "not written yet",
            Verdict::TimedOut => "timed out",
            Verdict::Deadlocked => "deadlocked",
            Verdict::Crashed => "crashed",
            Verdict::Leaked => "leaked",
            Verdict::NotParallel => "not parallel",
            Verdict::Skipped => "skipped",
            Verdict::GraderError => "grader error",
        }
    }
}

/// What became of one check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CheckResult {
    /// The check's id.
    pub id: String,
    /// What was checked.
    pub title: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Points given.
    pub points: u32,
    /// Points that could be had.
    pub out_of: u32,
    /// What the grader saw; empty where there is nothing to say.
    pub observed: String,
    /// What a right answer does.
    pub expected: String,
    /// The section of the book that helps.
    pub section: String,
}

/// What became of an answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Grade {
    /// The exercise's id.
    pub exercise: String,
    /// Its title.
    pub title: String,
    /// The worst that was found, or `pass`.
    pub verdict: Verdict,
    /// Points given.
    pub points: u32,
    /// Points that could be had.
    pub out_of: u32,
    /// What the random inputs were made from: `--seed` repeats them.
    pub seed: u64,
    /// Milliseconds that the grading took, compiling apart.
    pub milliseconds: u64,
    /// Where it came to a `todo!` of the starter, and what that says; else empty.
    #[serde(default)]
    pub gap: String,
    /// Check by check.
    pub checks: Vec<CheckResult>,
    /// What the compiler said: errors, or only warnings.
    pub compiler: String,
    /// The last that the answer printed, where it failed.
    pub printed: String,
}

impl Grade {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.points == self.out_of && self.verdict == Verdict::Pass
    }
}

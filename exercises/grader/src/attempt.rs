//! One attempt at an exercise: what a scenario works with.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::manifest::Exercise;
use crate::run::{Finished, Plan, Run, Stop};
use crate::sheet::Sheet;
use crate::supervise::Exit;
use crate::verdict::Verdict;

/// The program to be judged, random numbers to judge it with, and the sheet.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// Random numbers that the seed repeats.
    pub random: fastrand::Rng,
    /// The score sheet.
    pub sheet: Sheet,
    /// What the last failed run printed.
    pub printed: String,
    /// The line of a `todo!` that a run came to.
    pub gap: Option<usize>,
    program: PathBuf,
    confinement: Vec<String>,
    /// Set once a run has ended in a way that makes others pointless.
    stopped: Option<Stop>,
}

impl<'a> Attempt<'a> {
    /// An attempt with nothing judged yet.
    #[must_use]
    pub fn new(
        exercise: &'a Exercise,
        program: &Path,
        seed: u64,
        confinement: &[String],
    ) -> Attempt<'a> {
        Attempt {
            exercise,
            random: fastrand::Rng::with_seed(seed),
            sheet: Sheet::default(),
            printed: String::new(),
            gap: None,
            program: program.to_owned(),
            confinement: confinement.to_vec(),
            stopped: None,
        }
    }

    /// Starts the program.
    ///
    /// # Errors
    ///
    /// [`Stop::Grader`] when it cannot be started, or what stopped an earlier run
    /// and would stop this one.
    pub fn start(&self, plan: Plan) -> Result<Run, Stop> {
        if let Some(stop) = &self.stopped {
            return Err(stop.clone());
        }
        let plan = Plan {
            deadline: Duration::from_secs(self.exercise.deadline),
            confinement: self.confinement.clone(),
            ..plan
        };
        Run::start(&self.program, plan)
    }

    /// One part of a scenario, and the checks it decides. If it has to stop, those
    /// of its checks that are still open fail for that reason, and the next part
    /// goes on.
    pub fn part(
        &mut self,
        checks: &[&str],
        judge: impl FnOnce(&mut Attempt<'a>) -> Result<(), Stop>,
    ) {
        if let Err(stop) = judge(self) {
            if let Stop::Unwritten(line) = stop {
                self.gap = self.gap.or(Some(line));
            }
            self.sheet.stopped(checks, &stop);
            if stop.is_final() {
                self.stopped = Some(stop);
            }
        }
    }

    /// Runs the program, with `conduct` to decide who goes when, to its end.
    ///
    /// What it printed is kept, should it fail.
    ///
    /// # Errors
    ///
    /// Whatever stopped it. A main process that ends with an exit status other than
    /// 0 before it has answered counts as stopped; where that may be right, use
    /// [`start`](Attempt::start) and [`Run::finish`].
    pub fn conduct(
        &mut self,
        plan: Plan,
        conduct: impl FnOnce(&mut Self, &mut Run) -> Result<(), Stop>,
    ) -> Result<Finished, Stop> {
        let mut run = self.start(plan)?;
        let finished = conduct(self, &mut run).and_then(|()| run.finish());
        let well = |finished: &Finished| finished.end.exit == Exit::Code(0);
        if run.gap().is_some() {
            self.gap = self.gap.or(run.gap());
            run.printed_before_panic()
                .trim()
                .clone_into(&mut self.printed);
        } else if !finished.as_ref().is_ok_and(well) {
            run.printed().trim().clone_into(&mut self.printed);
        }
        let finished = finished?;
        match finished.end.exit {
            Exit::Code(code) if code != 0 && finished.answer.is_none() => {
                Err(run.stop(Stop::Ended(finished.end)))
            }
            _ => Ok(finished),
        }
    }

    /// Notes a check: passed if `right`, else failed with what was seen.
    pub fn check(
        &mut self,
        check: &str,
        verdict: Verdict,
        right: bool,
        seen: impl Display,
    ) {
        if right {
            self.sheet.pass(check);
        } else {
            self.sheet.fail(check, verdict, seen.to_string());
        }
    }

    /// Notes a failure if not `right`, and nothing else: for the rounds of a loop,
    /// after which `sheet.pass` passes what has not failed. A round that stops the
    /// part then leaves no check passed that it was to decide.
    pub fn require(
        &mut self,
        check: &str,
        verdict: Verdict,
        right: bool,
        seen: impl Display,
    ) {
        if !right {
            self.sheet.fail(check, verdict, seen.to_string());
        }
    }
}

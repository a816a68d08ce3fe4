//! `process_reap`: many children, one fails early, nobody is left behind.

use probe::protocol::{Ending, Order};
use serde_json::json;

use super::common::{
    Batch, Compared, Team, clean_end, counted, judge_team, unclean_end,
};
use crate::attempt::Attempt;
use crate::run::{Plan, Run, Stop};
use crate::verdict::Verdict;

/// The answer's own program, for those that it starts.
const ITSELF: &str = "/proc/self/exe";
/// A program that cannot be started.
const MISSING: &str = "/no/such/program";

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        for count in [5, 1, 0] {
            let jobs = Jobs::of(attempt, vec![Ending::Return; count]);
            let finished = attempt.conduct(jobs.plan(), |_, run| run.run_free())?;
            let given = format!("{} that succeed", counted(count, "job"));
            let expected = json!({ "Ok": count });
            let compared = Compared::new(given, expected, finished.answer.clone());
            let right = compared.right();
            attempt.require("right", Verdict::Fail, right, compared);
            unclean_end(attempt, "clean", &finished);
        }
        attempt.sheet.pass("right");
        attempt.sheet.pass("clean");
        Ok(())
    });
    attempt.part(&["at_once", "calm"], judge_team_of_four);
    attempt.part(&["early", "failure"], |attempt| {
        let code = Ending::Exit(attempt.random.i32(1..=100));
        for ending in [code, Ending::Signal(15)] {
            one_fails(attempt, ending)?;
        }
        attempt.sheet.pass("early");
        attempt.sheet.pass("failure");
        Ok(())
    });
    attempt.part(&["missing"], one_is_missing);
}

/// All four are kept waiting: they run at once, and who waits for them sleeps.
fn judge_team_of_four(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let jobs = Jobs::of(attempt, vec![Ending::Return; 4]);
    let mut run = attempt.start(jobs.plan())?;
    match judge_team(attempt, &mut run, Team::children(4), ["at_once", "at_once"]) {
        Err(stop @ Stop::Spinning) => {
            let held = run.held_tasks().len();
            let seen = format!("only {} had begun", counted(held, "job"));
            attempt.check("at_once", Verdict::NotParallel, held == 4, seen);
            attempt.sheet.fail("calm", Verdict::Fail, stop.to_string());
        }
        judged => {
            judged?;
            attempt.sheet.pass("calm");
        }
    }
    Ok(())
}

/// One fails while all others are kept at their work and will not end by themselves.
/// Notes only failures.
fn one_fails(attempt: &mut Attempt<'_>, ending: Ending) -> Result<(), Stop> {
    let count = attempt.random.usize(4..=5);
    // Never the first: who looks at one after another must not find it at once.
    let place = attempt.random.usize(1..count);
    let mut endings = vec![Ending::Return; count];
    endings[place] = ending.clone();
    let jobs = Jobs::of(attempt, endings);
    let finished = attempt.conduct(jobs.plan(), |_, run| {
        for visit in run.gather(count)? {
            if jobs.batch.place(&visit) == Some(place) {
                run.release(&visit);
            }
        }
        wait_for_end(run)
    });
    let how = match ending {
        Ending::Signal(signal) => format!("died by signal {signal}"),
        _ => "exited with a code other than 0".to_owned(),
    };
    let given = format!("{count} jobs, of which the one at {place} {how}");
    if let Err(stop @ Stop::Deadlocked(_)) = &finished {
        let seen = format!("given {given}, nothing happened after that: {stop}");
        attempt.sheet.fail("early", Verdict::Deadlocked, seen);
    }
    let finished = finished?;
    let expected = json!({ "Err": place });
    let compared = Compared::new(given, expected, finished.answer.clone());
    attempt.require("early", Verdict::Fail, compared.right(), compared);
    unclean_end(attempt, "failure", &finished);
    Ok(())
}

/// One cannot be started, after others have been.
fn one_is_missing(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let count = attempt.random.usize(4..=5);
    let place = attempt.random.usize(1..count);
    let mut jobs = Jobs::of(attempt, vec![Ending::Return; count]);
    jobs.missing = Some(place);
    let finished = attempt.conduct(jobs.plan(), |_, run| wait_for_end(run))?;
    let given =
        format!("{count} jobs, of which the one at {place} cannot be started");
    let expected = json!({ "Err": place });
    let compared = Compared::new(given, expected, finished.answer.clone());
    attempt.require("missing", Verdict::Fail, compared.right(), compared);
    clean_end(attempt, "missing", &finished);
    Ok(())
}

/// Lets in nobody.
fn wait_for_end(run: &mut Run) -> Result<(), Stop> {
    while run.end().is_none() {
        run.event()?;
    }
    Ok(())
}

/// Programs to be run, each with a task.
struct Jobs {
    batch: Batch,
    missing: Option<usize>,
}

impl Jobs {
    fn of(attempt: &mut Attempt<'_>, endings: Vec<Ending>) -> Jobs {
        let content: Vec<Order> = endings.into_iter().map(Batch::ending).collect();
        Jobs {
            batch: Batch::of(&mut attempt.random, content),
            missing: None,
        }
    }

    fn plan(&self) -> Plan {
        let jobs = self.batch.tasks.iter().enumerate().map(|(place, task)| {
            let missing = self.missing == Some(place);
            json!([if missing { MISSING } else { ITSELF }, task])
        });
        Plan {
            given: jobs.collect(),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }
}

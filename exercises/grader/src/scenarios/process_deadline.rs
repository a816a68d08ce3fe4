//! `process_deadline`: what overruns is ended, the rest finish.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{
    Batch, Compared, Team, clean_end, counted, judge_team, workers,
};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

/// A limit that nobody overruns who is let in.
const HOUR: Duration = Duration::from_secs(3600);
/// A limit that is worth waiting for.
const SHORT: Duration = Duration::from_secs(1);
/// The same where the machine is so busy that the others need longer than that.
const LONGER: Duration = Duration::from_secs(8);

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["in_time"], |attempt| {
        for children in [4, 1, 0] {
            if !in_time(attempt, children)? {
                return Ok(());
            }
        }
        attempt.sheet.pass("in_time");
        Ok(())
    });
    attempt.part(&["at_once", "calm"], |attempt| {
        let batch = Batch::random(&mut attempt.random, 4);
        let mut run = attempt.start(plan(&batch, HOUR))?;
        match judge_team(
            attempt,
            &mut run,
            Team::children(4),
            ["at_once", "at_once"],
        ) {
            Err(stop @ Stop::Spinning) => {
                let found = workers(&run, &run.held_tasks()).len();
                let seen = format!("{} at once", Team::children(4).counted(found));
                attempt.check("at_once", Verdict::NotParallel, found == 4, seen);
                attempt.sheet.fail("calm", Verdict::Fail, stop.to_string());
            }
            judged => {
                judged?;
                attempt.sheet.pass("calm");
            }
        }
        Ok(())
    });
    attempt.part(&["ended", "others", "clean"], |attempt| {
        let mut overrun = Overrun::watch(attempt, SHORT)?;
        if !overrun.others.right() {
            // It counts only what came of a limit that the others can keep.
            overrun = Overrun::watch(attempt, LONGER)?;
        }
        overrun.judge(attempt);
        Ok(())
    });
}

/// Nobody overruns: all results come as soon as they are there. Notes a failure.
fn in_time(attempt: &mut Attempt<'_>, children: usize) -> Result<bool, Stop> {
    let batch = Batch::random(&mut attempt.random, children);
    let given = format!("{} and an hour for each", counted(children, "task"));
    let mut sleeps = false;
    let finished = attempt.conduct(plan(&batch, HOUR), |_, run| {
        sleeps = sleeps_on(run)?;
        match sleeps {
            true => Err(Stop::Deadline(HOUR)),
            false => Ok(()),
        }
    });
    if sleeps {
        let seen = format!(
            "given {given}, the main process went on sleeping after all its \
             children had ended"
        );
        attempt.sheet.fail("in_time", Verdict::TimedOut, seen);
        return Ok(false);
    }
    let squares = json!(batch.squares());
    let compared = Compared::new(given, squares, finished?.answer);
    let right = compared.right();
    attempt.require("in_time", Verdict::Fail, right, compared);
    Ok(right)
}

/// Lets everybody in until the main process ends, or until it sleeps for seconds
/// with nobody left whom it could be waiting for.
fn sleeps_on(run: &mut Run) -> Result<bool, Stop> {
    let mut naps = 0;
    while run.end().is_none() && naps < 150 {
        for visit in run.held() {
            run.release(&visit);
        }
        let alone = run.look().living().all(|process| process.id == run.main());
        let wakes = run.wakes(Duration::from_millis(20))?;
        // Who is only kept from a core is not asleep.
        let naps_on = alone && wakes == 0 && run.look().asleep();
        naps = if naps_on { naps + 1 } else { 0 };
    }
    Ok(run.end().is_none())
}

/// A run in which one child is stopped at its work and never goes on.
struct Overrun {
    victim: Option<Visit>,
    /// Whether the victim was there, and not dying, when the main process ended.
    alive: bool,
    others: Compared,
    main: u32,
    finished: Finished,
}

impl Overrun {
    fn watch(attempt: &mut Attempt<'_>, limit: Duration) -> Result<Overrun, Stop> {
        let children = attempt.random.usize(3..=5);
        let place = attempt.random.usize(..children);
        let batch = Batch::random(&mut attempt.random, children);
        let mut victim = None;
        let mut alive = false;
        let mut main = 0;
        let finished = attempt.conduct(plan(&batch, limit), |_, run| {
            main = run.main();
            victim = hold_one(run, &batch, place)?;
            if let Some(victim) = &victim {
                alive = still_stopped(run, victim)?;
            }
            Ok(())
        })?;
        let mut expected: Vec<Value> =
            batch.squares().into_iter().map(Value::from).collect();
        expected[place] = Value::Null;
        let given = format!(
            "{children} tasks, {} s for each, and task {} overran",
            limit.as_secs(),
            place + 1
        );
        Ok(Overrun {
            victim,
            alive,
            others: Compared::new(given, json!(expected), finished.answer.clone()),
            main,
            finished,
        })
    }

    fn judge(self, attempt: &mut Attempt<'_>) {
        match &self.victim {
            None => {
                let seen = "the task that was to overrun was never begun";
                attempt.sheet.fail("ended", Verdict::Fail, seen);
            }
            Some(victim) if victim.process == self.main => {
                let seen = "the task that overran is worked on in the main process: \
                            nobody can end it without ending that";
                attempt.sheet.fail("ended", Verdict::NotParallel, seen);
            }
            Some(victim) if self.alive => {
                let seen = format!(
                    "when the main process ended, the child that overran ({}) was \
                     still there",
                    victim.inner
                );
                attempt.sheet.fail("ended", Verdict::Leaked, seen);
            }
            // Stopped and not let in, it cannot have come to an end by itself.
            Some(_) => attempt.sheet.pass("ended"),
        }
        attempt.check("others", Verdict::Fail, self.others.right(), self.others);
        clean_end(attempt, "clean", &self.finished);
    }
}

/// Lets in all but the one at `place`, which is stopped: it can neither notice that
/// its time is over nor listen to a request. Returns it when the program has ended.
fn hold_one(
    run: &mut Run,
    batch: &Batch,
    place: usize,
) -> Result<Option<Visit>, Stop> {
    let mut victim = None;
    while run.end().is_none() {
        let Event::Entered(visit) = run.event()? else {
            continue;
        };
        if batch.place(&visit) != Some(place) {
            run.release(&visit);
            continue;
        }
        if visit.process != run.main() {
            run.signal(visit.process, Signal::STOP);
        }
        victim = Some(visit);
    }
    Ok(victim)
}

/// Whether a stopped process stays so. A kill wakes it on the spot, but it may take
/// a moment to die.
fn still_stopped(run: &mut Run, victim: &Visit) -> Result<bool, Stop> {
    loop {
        let look = run.look();
        match look.processes.get(&victim.process).map(|it| it.state) {
            Some('T') => return Ok(true),
            None | Some('Z' | 'X') => return Ok(false),
            Some(_) => run.wakes(Duration::from_millis(10))?,
        };
    }
}

fn plan(batch: &Batch, limit: Duration) -> Plan {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    // Until its limit is over, a program may rightly do nothing, and whether it does
    // so asleep is another check.
    let Plan {
        quiet, spinning, ..
    } = Plan::default();
    let more = match limit {
        HOUR => Duration::ZERO,
        _ => limit + Duration::from_secs(1),
    };
    Plan {
        given: json!([milliseconds, batch.tasks]),
        orders: batch.orders(),
        quiet: quiet + more,
        spinning: spinning + more,
        ..Plan::default()
    }
}

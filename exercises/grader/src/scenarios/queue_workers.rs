//! `queue_workers`: several consumers of one queue, which is empty at times, and ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::{Batch, Compared, clean_end, counted, workers};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        // The first task is long in coming; none comes; not enough for all; more than
        // the queue has room for.
        for (tasks, workers) in [(1, 1), (0, 2), (2, 4), (9, 3)] {
            let batch = Batch::random(&mut attempt.random, tasks);
            let plan = plan(&batch, workers);
            let finished = attempt.conduct(plan, |_, run| {
                if tasks == 1 { run.settle() } else { Ok(()) }
            })?;
            let answer = compared(&batch, workers, finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.complete(), answer);
            if tasks > 2 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    if !attempt.sheet.passed("right") {
        return; // nothing else counts then
    }
    attempt.part(&["wait", "team", "shared", "end"], one_is_busy);
}

fn plan(batch: &Batch, workers: usize) -> Plan {
    Plan {
        given: json!([workers, batch.tasks]),
        orders: batch.orders(),
        ..Plan::default()
    }
}

fn compared(batch: &Batch, workers: usize, got: Option<Value>) -> Compared {
    let late = if batch.tasks.len() == 1 {
        ", long in coming,"
    } else {
        ""
    };
    let tasks = format!("{}{late}", counted(batch.tasks.len(), "task"));
    let given = format!("{tasks} and {}", counted(workers, "worker"));
    Compared::new(given, json!(batch.squares()), got)
}

/// The queue is empty at first; then one worker is kept at its first task until the
/// others have nothing more to do.
fn one_is_busy(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let team = attempt.random.usize(3..=4);
    let batch = Batch::random(&mut attempt.random, 3 * team);
    let finished = attempt.conduct(plan(&batch, team), |attempt, run| {
        run.settle()?;
        let ended = run.told_at("end").len();
        let seen = format!(
            "the queue was empty, and the first task had yet to come: {} of {team} \
             came to the end",
            counted(ended, "worker")
        );
        attempt.check("wait", Verdict::Fail, ended == 0, seen);
        go_on(run, team, &BTreeSet::new())?;
        let held = run.held_tasks();
        let found = workers(run, &held).len();
        let seen = if held.iter().any(|visit| visit.process == run.main()) {
            "tasks ran in the main process itself, not in a worker".to_owned()
        } else {
            format!(
                "there were tasks enough, and they were in the hands of {found} of \
                 the {team} workers"
            )
        };
        attempt.check("team", Verdict::NotParallel, found == team, seen);
        let busy = held.iter().map(|visit| visit.id).take(1).collect();
        go_on(run, usize::MAX, &busy)?;
        let done = done(run);
        let others = batch.tasks.len() - 1;
        let seen = format!(
            "while one worker was kept at its task, and all was at rest, the others \
             had done {done} of the other {others} tasks"
        );
        attempt.check("shared", Verdict::NotParallel, done == others, seen);
        Ok(())
    })?;
    judge_ends(attempt, &finished, team, batch.tasks.len());
    Ok(())
}

/// Lets everybody go on but those in `busy`, until `count` tasks are kept waiting or
/// nothing moves any more.
fn go_on(run: &mut Run, count: usize, busy: &BTreeSet<u64>) -> Result<(), Stop> {
    loop {
        let tasks = run.held_tasks().len();
        if tasks >= count {
            return Ok(());
        }
        for visit in run.held() {
            let first = count == usize::MAX || visit.task().is_none();
            if first && !busy.contains(&visit.id) {
                run.release(&visit);
            }
        }
        if run.event_or_rest()?.is_none() {
            return Ok(());
        }
    }
}

fn done(run: &Run) -> usize {
    let left = run.log().iter().filter(
        |event| matches!(event, Event::Left(visit, _) if visit.task().is_some()),
    );
    left.count()
}

/// Each worker comes to the end of its own accord, when all the tasks are done.
fn judge_ends(
    attempt: &mut Attempt<'_>,
    finished: &Finished,
    team: usize,
    tasks: usize,
) {
    let mut ended = BTreeSet::new();
    let mut squares = 0;
    for event in &finished.log {
        if let Event::Entered(visit) = event
            && visit.is_at("end")
            && visit.process != finished.main
        {
            ended.insert(visit.process);
            squares += visit.number().unwrap_or(0);
        }
    }
    let seen = format!(
        "{} of {team} worker processes came to their end, with the squares of \
         {squares} of {tasks} tasks",
        ended.len()
    );
    let right = ended.len() == team && usize::try_from(squares) == Ok(tasks);
    attempt.check("end", Verdict::Fail, right, seen);
}

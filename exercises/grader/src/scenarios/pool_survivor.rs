//! `pool_survivor`: a map that outlives a killed worker.

use probe::Task;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Batch, Compared, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["one"], |attempt| {
        let answer = answer_to(attempt, 1, 1)?;
        attempt.check("one", Verdict::Fail, answer.right(), answer);
        Ok(())
    });
    attempt.part(&["right"], |attempt| {
        // Nothing to do; fewer tasks than workers; a last round that is not full.
        for (tasks, workers) in [(0, 2), (2, 4), (7, 3)] {
            let answer = answer_to(attempt, tasks, workers)?;
            attempt.require("right", Verdict::Fail, answer.right(), answer);
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    let checks = ["workers", "at_once", "others", "named", "once", "clean"];
    attempt.part(&checks, one_is_killed);
}

/// Lets the program run as it likes.
fn answer_to(
    attempt: &mut Attempt<'_>,
    tasks: usize,
    workers: usize,
) -> Result<Compared, Stop> {
    let batch = Batch::random(&mut attempt.random, tasks);
    let plan = plan(&batch, workers);
    let finished = attempt.conduct(plan, |_, run| run.run_free())?;
    let given = format!(
        "{} and {}",
        counted(tasks, "task"),
        counted(workers, "worker")
    );
    let expected: Vec<Value> = batch.squares().into_iter().map(square).collect();
    Ok(Compared::new(given, json!(expected), finished.answer))
}

/// Kills one of the workers that have a task in hand.
fn one_is_killed(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let team = attempt.random.usize(3..=4);
    let batch = Batch::random(&mut attempt.random, 2 * team + 1);
    let mut killed = None;
    let finished = attempt.conduct(plan(&batch, team), |attempt, run| {
        judge_team(attempt, run, Team::workers(team), ["workers", "at_once"])?;
        let held = run.held_tasks();
        let pick = attempt.random.usize(..held.len().max(1));
        if let Some(victim) = held.get(pick).filter(|it| it.process != run.main()) {
            kill(run, victim)?;
            killed = batch.place(victim).zip(Some(victim.inner));
        }
        Ok(())
    })?;
    clean_end(attempt, "clean", &finished);
    let Some((place, id)) = killed else {
        let seen = "the main process itself had all tasks in hand: no worker could \
                    be killed";
        for check in ["others", "named", "once"] {
            attempt.sheet.fail(check, Verdict::NotParallel, seen);
        }
        return Ok(());
    };
    judge_answer(attempt, &batch, place, id, finished.answer.as_ref());
    let entered = |event: &Event| match event {
        Event::Entered(visit) => visit.task(),
        _ => None,
    };
    let begun = |task: &Task| {
        let all = finished.log.iter().filter_map(entered);
        all.filter(|entered| *entered == task.id()).count()
    };
    let entries: Vec<usize> = batch.tasks.iter().map(begun).collect();
    let seen = format!(
        "of {}, the one at {place} was lost, and this is how often each was begun: \
         {entries:?}",
        counted(entries.len(), "task")
    );
    let once = entries.iter().all(|count| *count == 1);
    attempt.check("once", Verdict::Fail, once, seen);
    Ok(())
}

/// Blocks until the kernel has ended the victim.
fn kill(run: &mut Run, victim: &Visit) -> Result<(), Stop> {
    run.signal(victim.process, Signal::KILL);
    loop {
        match run.event()? {
            Event::Lost(lost) if lost.id == victim.id => return Ok(()),
            _ => {}
        }
    }
}

/// The entry of the lost task apart from all others.
fn judge_answer(
    attempt: &mut Attempt<'_>,
    batch: &Batch,
    place: usize,
    id: u32,
    answer: Option<&Value>,
) {
    let lost = json!({ "Lost": { "pid": id, "signal": 9 } });
    let mut expected: Vec<Value> = batch.squares().into_iter().map(square).collect();
    expected[place] = lost.clone();
    let given = format!(
        "{}, with process {id} killed by signal 9 while it had the one at {place} \
         in hand",
        counted(batch.tasks.len(), "task")
    );
    let entries = answer.and_then(Value::as_array);
    let others = entries.is_some_and(|entries| {
        let mut entries = entries.clone();
        if let Some(entry) = entries.get_mut(place) {
            *entry = lost.clone();
        }
        entries == expected
    });
    let named = entries.is_some_and(|entries| entries.get(place) == Some(&lost));
    let compared = Compared::new(given, json!(expected), answer.cloned());
    attempt.check("others", Verdict::Fail, others, &compared);
    attempt.check("named", Verdict::Fail, named, &compared);
}

fn plan(batch: &Batch, workers: usize) -> Plan {
    Plan {
        given: json!([workers, batch.tasks]),
        orders: batch.orders(),
        ..Plan::default()
    }
}

fn square(square: i64) -> Value {
    json!({ "Square": square })
}

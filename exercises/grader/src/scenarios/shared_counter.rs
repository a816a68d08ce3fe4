//! `shared_counter`: whether an update gets lost when another comes in between.

use probe::Task;
use serde_json::{Value, json};

use super::common::{Batch, Compared, Team, clean_end, counted, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right"], |attempt| {
        for lengths in [vec![3], vec![], vec![0]] {
            let lists = Lists::random(attempt, &lengths);
            let finished = attempt.conduct(lists.plan(), |_, run| run.run_free())?;
            let answer = lists.compared(finished.answer);
            attempt.require("right", Verdict::Fail, answer.right(), answer);
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["at_once", "kept", "step", "clean"], interleaved);
}

/// All workers find out their amounts at the same time, and all want to add them:
/// those who have read the count write it one after another.
fn interleaved(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let count = attempt.random.usize(3..=4);
    let mut lengths = vec![1; count];
    lengths[0] = 2;
    let lists = Lists::random(attempt, &lengths);
    let finished = attempt.conduct(lists.plan(), |attempt, run| {
        judge_team(attempt, run, Team::workers(count), ["at_once", "at_once"])?;
        for visit in run.held_tasks() {
            run.release(&visit);
        }
        pass_steps(run)
    })?;
    judge_steps(attempt, &lists, &finished);
    let answer = lists.compared(finished.answer.clone());
    let seen = format!(
        "all workers were to add at the same time, and some were kept waiting in \
         the slow step; {answer}"
    );
    attempt.check("kept", Verdict::Fail, answer.right(), seen);
    clean_end(attempt, "clean", &finished);
    Ok(())
}

/// Waits until nobody else can come into the slow step, then lets those who are in
/// it go on, one after the other.
fn pass_steps(run: &mut Run) -> Result<(), Stop> {
    run.settle()?;
    for visit in run.held() {
        run.release(&visit);
        while !matches!(run.event_or_rest()?, None | Some(Event::Left(..))) {}
    }
    Ok(())
}

/// The slow step is taken once for each task, by a worker, and from the count that
/// the step before has left.
fn judge_steps(attempt: &mut Attempt<'_>, lists: &Lists, finished: &Finished) {
    let (mut steps, mut own, mut under_way, mut overlaps) = (0, 0, 0, 0);
    let mut seen = Vec::new();
    for event in &finished.log {
        match event {
            Event::Entered(visit) if visit.is_at("grow") => {
                steps += 1;
                own += usize::from(visit.process == finished.main);
                overlaps += usize::from(under_way > 0);
                under_way += 1;
                seen.extend(visit.number());
            }
            Event::Left(visit, _) | Event::Lost(visit) if visit.is_at("grow") => {
                under_way -= 1;
            }
            _ => {}
        }
    }
    let tasks = lists.batch.tasks.len();
    let text = if own > 0 {
        format!("{own} of {steps} slow steps were taken by the main process")
    } else if overlaps > 0 && steps == tasks {
        let repeated = seen.iter().filter(|count| **count == seen[0]).count();
        format!(
            "{} began before the one in front had come to an end; {repeated} of \
             {steps} started from the count {}",
            counted(overlaps, "slow step"),
            seen[0]
        )
    } else {
        format!("the slow step was taken {steps} times for {tasks} tasks")
    };
    let right = own == 0 && overlaps == 0 && steps == tasks;
    attempt.check("step", Verdict::Fail, right, text);
}

/// A list of tasks for each worker.
struct Lists {
    batch: Batch,
    lengths: Vec<usize>,
}

impl Lists {
    fn random(attempt: &mut Attempt<'_>, lengths: &[usize]) -> Lists {
        Lists {
            batch: Batch::random(&mut attempt.random, lengths.iter().sum()),
            lengths: lengths.to_vec(),
        }
    }

    fn plan(&self) -> Plan {
        let mut tasks = self.batch.tasks.iter().cloned();
        let lists: Vec<Vec<Task>> = self
            .lengths
            .iter()
            .map(|length| tasks.by_ref().take(*length).collect())
            .collect();
        Plan {
            given: json!(lists),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn compared(&self, got: Option<Value>) -> Compared {
        let given = format!(
            "{} with {}",
            counted(self.lengths.len(), "worker"),
            counted(self.batch.tasks.len(), "task")
        );
        Compared::new(given, json!(self.batch.squares().iter().sum::<i64>()), got)
    }
}

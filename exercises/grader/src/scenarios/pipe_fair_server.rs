//! `pipe_fair_server`: a server of many clients, some of them slow.

use std::time::Duration;

use probe::Task;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Batch, Compared, clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Plan, Run, Stop};
use crate::verdict::Verdict;

/// How often threads may be put on a core while everybody sleeps: a runtime's
/// own second looks, no polling.
const FEW: u64 = 5;
/// How long that is counted.
const MOMENT: Duration = Duration::from_millis(200);

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        for lengths in [vec![2], vec![], vec![3, 0, 1, 2]] {
            let clients = Clients::random(attempt, &lengths);
            let finished =
                attempt.conduct(clients.plan(), |_, run| run.run_free())?;
            let squares = clients.batch.squares();
            let answer = clients.compared(squares, finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.complete(), answer);
            if lengths.len() > 1 {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["idle", "fair"], |attempt| {
        // Whichever way the server goes through its clients, one of these is in
        // front of the others.
        for slow in [0, 2] {
            one_is_slow(attempt, slow, false)?;
        }
        attempt.sheet.pass("fair");
        attempt.sheet.pass("idle");
        Ok(())
    });
    attempt.part(&["killed"], |attempt| one_is_slow(attempt, 0, true));
}

/// One client is kept in its first task while the others go on to their end; then
/// it is let in, or killed.
fn one_is_slow(
    attempt: &mut Attempt<'_>,
    slow: usize,
    killed: bool,
) -> Result<(), Stop> {
    let clients = Clients::random(attempt, &[2, 2, 3]);
    let finished = attempt.conduct(clients.plan(), |attempt, run| {
        run.gather(3)?;
        if !killed {
            run.settle()?;
            let wakes = wakes_at_rest(run)?;
            let seen = format!(
                "while all clients worked, threads were put on a core {wakes} times \
                 in {} ms",
                MOMENT.as_millis()
            );
            attempt.require("idle", Verdict::Fail, wakes <= FEW, seen);
        }
        for client in (0..clients.lengths.len()).filter(|it| *it != slow) {
            go_to_end(run, &clients, client)?;
        }
        if !killed {
            judge_fairness(attempt, run, &clients, slow);
        } else if let Some(visit) = run.held_tasks().into_iter().next() {
            run.signal(visit.process, Signal::KILL);
            while !matches!(run.event()?, Event::Lost(lost) if lost.id == visit.id) {
            }
        }
        Ok(())
    })?;
    if killed {
        let answer = clients.compared(clients.without(slow), finished.answer);
        let seen = format!("one client was killed in its first task; {answer}");
        attempt.check("killed", Verdict::Fail, answer.complete(), seen);
    }
    Ok(())
}

/// How often threads are put on a core in a moment, the first one in which none of
/// them wanted a core for long and got none: on a busy machine who polls may seem to
/// sleep.
fn wakes_at_rest(run: &mut Run) -> Result<u64, Stop> {
    let long = u64::try_from(MOMENT.as_nanos() / 2).unwrap_or(u64::MAX);
    let mut wakes = 0;
    for _ in 0..50 {
        let before = run.look().delayed();
        wakes = run.wakes(MOMENT)?;
        let now = run.look();
        let starved = now.delayed().saturating_sub(before) > long || !now.asleep();
        if wakes > FEW || !starved {
            break;
        }
    }
    Ok(wakes)
}

/// Lets one client in until it has come to its end, or nothing moves any more: who
/// takes this end for that of all has not heard from the next client yet.
fn go_to_end(run: &mut Run, clients: &Clients, client: usize) -> Result<(), Stop> {
    let first = clients.first(client);
    let own = first..first + clients.lengths[client];
    loop {
        let held = run.held_tasks();
        let mut places = held.iter().map(|visit| clients.batch.place(visit));
        match places.position(|place| place.is_some_and(|it| own.contains(&it))) {
            Some(position) => run.release(&held[position]),
            None => {
                if run.event_or_rest()?.is_none() {
                    return Ok(());
                }
            }
        }
    }
}

/// At rest, with one client held: the others must have come to their end.
fn judge_fairness(
    attempt: &mut Attempt<'_>,
    run: &Run,
    clients: &Clients,
    slow: usize,
) {
    let done = run
        .log()
        .iter()
        .filter(|it| matches!(it, Event::Left(..)))
        .count();
    let all = clients.without(slow).len();
    let seen = format!(
        "one client was kept in its first task and all processes were at rest: {done} \
         of {all} tasks of the other clients were done, and nobody served the rest"
    );
    attempt.require("fair", Verdict::NotParallel, done == all, seen);
}

/// A list of tasks for each client.
struct Clients {
    batch: Batch,
    lengths: Vec<usize>,
}

impl Clients {
    fn random(attempt: &mut Attempt<'_>, lengths: &[usize]) -> Clients {
        Clients {
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

    /// The place of a client's first task.
    fn first(&self, client: usize) -> usize {
        self.lengths[..client].iter().sum()
    }

    /// The squares of all but one client.
    fn without(&self, client: usize) -> Vec<i64> {
        let mut squares = self.batch.squares();
        let first = self.first(client);
        squares.drain(first..first + self.lengths[client]);
        squares
    }

    fn compared(&self, expected: Vec<i64>, got: Option<Value>) -> Compared {
        let given = format!(
            "{} with {}",
            counted(self.lengths.len(), "client"),
            counted(self.batch.tasks.len(), "task")
        );
        Compared::new(given, json!(expected), got)
    }
}

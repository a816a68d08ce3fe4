//! `queue_credits`: how far a producer runs ahead of a consumer that is busy.

use serde_json::json;

use super::common::{Compared, clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Plan, Run, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        for (count, bound) in [(0, 2), (1, 3), (2, 2), (9, 4), (6, 1)] {
            let finished =
                attempt.conduct(plan(count, bound), |_, run| run.run_free())?;
            let squares: Vec<usize> = (1..=count).map(|item| item * item).collect();
            let given = format!("{} and a bound of {bound}", counted(count, "item"));
            let answer =
                Compared::new(given, json!(squares), finished.answer.clone());
            attempt.require("right", Verdict::Fail, answer.right(), answer);
            if count > bound {
                clean_end(attempt, "clean", &finished);
            }
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["bound", "room"], consumer_is_busy);
}

fn plan(count: usize, bound: usize) -> Plan {
    Plan {
        given: json!([count, bound]),
        ..Plan::default()
    }
}

/// The consumer is kept busy with one item after another, for some rounds; each time
/// the producer goes as far as it can.
fn consumer_is_busy(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let bound = attempt.random.usize(3..=5);
    let rounds = 3;
    attempt.conduct(plan(4 * bound + rounds, bound), |attempt, run| {
        for taken in 0..rounds {
            make_all(run)?;
            let made = run.told_at("made").len();
            // One is in the consumer's hand, one may be in the producer's.
            let under_way = made.saturating_sub(taken + 1);
            let seen = format!(
                "with a bound of {bound}, the consumer was busy with its item \
                 number {} and all was at rest: {made} items had been made, so \
                 {under_way} were under way",
                taken + 1
            );
            let right = under_way <= bound + 1;
            attempt.require("bound", Verdict::Fail, right, &seen);
            let seen = format!(
                "{seen}; at most {under_way} ever were while the consumer worked"
            );
            attempt.require(
                "room",
                Verdict::NotParallel,
                made >= taken + bound,
                seen,
            );
            for visit in run.held() {
                run.release(&visit);
            }
        }
        Ok(())
    })?;
    attempt.sheet.pass("bound");
    attempt.sheet.pass("room");
    Ok(())
}

/// Lets the producer make items until nothing moves any more.
fn make_all(run: &mut Run) -> Result<(), Stop> {
    while let Some(event) = run.event_or_rest()? {
        match event {
            Event::Entered(visit) if visit.is_at("made") => run.release(&visit),
            _ => {}
        }
    }
    Ok(())
}

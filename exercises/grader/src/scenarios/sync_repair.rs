//! `sync_repair`: two values and one lock, whose holder is killed.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

/// How many pieces are in stock at first.
const PIECES: i64 = 1000;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], nobody_dies);
    if !attempt.sheet.passed("right") {
        return; // nothing else counts then
    }
    attempt.part(&["between"], |attempt| {
        // Two are there to repair it; then only the main process is.
        for sellers in [3, 1] {
            let killed = Killed::at("between", attempt, sellers)?;
            killed.judge("between", attempt);
        }
        attempt.sheet.pass("between");
        Ok(())
    });
    attempt.part(&["before"], |attempt| {
        let killed = Killed::at("before", attempt, 3)?;
        killed.judge("before", attempt);
        attempt.sheet.pass("before");
        Ok(())
    });
    attempt.part(&["marked"], |attempt| {
        let killed = Killed::at("between", attempt, 2)?;
        let in_order = killed.answer.get(2) == Some(&Value::Bool(true));
        let seen = "a seller was killed under the lock, and at the end whoever took \
                    the lock was still told of the death";
        attempt.check("marked", Verdict::Fail, in_order, seen);
        Ok(())
    });
}

/// All sell at the same time, and one after the other under the lock.
fn nobody_dies(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let sales = Sales::random(attempt, &[2, 1, 0, 2]);
    let finished = attempt.conduct(sales.plan(), |attempt, run| {
        // All that can come under the lock have come, but for the one who is in.
        run.gather(2)?;
        let inside = run.held().len();
        let seen = format!(
            "{} stood between the two steps of a sale at the same time",
            counted(inside, "seller")
        );
        attempt.require("right", Verdict::Fail, inside == 1, seen);
        Ok(())
    })?;
    let sold = sales.all();
    let expected = json!([PIECES - sold, sold, true]);
    let got = finished.answer.clone().unwrap_or_default();
    let seen = match &finished.answer {
        Some(got) => format!("nobody was killed: expected {expected}, got {got}"),
        None => "the main process ended without one answer".to_owned(),
    };
    attempt.require("right", Verdict::Fail, got == expected, seen);
    attempt.sheet.pass("right");
    clean_end(attempt, "clean", &finished);
    Ok(())
}

/// What came out after a seller was killed.
struct Killed {
    sales: Sales,
    /// What it was about to sell.
    pieces: i64,
    place: &'static str,
    answer: Value,
}

impl Killed {
    /// Kills a seller at this point: the second that comes under the lock, so that
    /// there is something to be kept, or the only one.
    fn at(
        place: &'static str,
        attempt: &mut Attempt<'_>,
        sellers: usize,
    ) -> Result<Killed, Stop> {
        let sales = Sales::random(attempt, &vec![1; sellers]);
        let mut pieces = 0;
        let finished: Finished = attempt.conduct(sales.plan(), |_, run| {
            let victim = nth_at(run, place, sellers.min(2))?;
            pieces = victim.number().unwrap_or(0);
            run.signal(victim.process, Signal::KILL);
            while !matches!(run.event()?, Event::Lost(lost) if lost.id == victim.id)
            {
            }
            Ok(())
        })?;
        Ok(Killed {
            sales,
            pieces,
            place,
            answer: finished.answer.unwrap_or_default(),
        })
    }

    /// Each piece is in stock or sold; what the others sold is sold, and nothing that
    /// nobody has taken.
    fn judge(&self, check: &str, attempt: &mut Attempt<'_>) {
        let number = |place: usize| self.answer.get(place).and_then(Value::as_i64);
        let others = self.sales.all() - self.pieces;
        let seen = format!(
            "a seller of {} pieces was killed {} the two steps, and the others sold \
             {others}",
            self.pieces, self.place
        );
        let (Some(stock), Some(sold)) = (number(0), number(1)) else {
            let seen = format!("{seen}; the main process ended without one answer");
            attempt.require(check, Verdict::Fail, false, seen);
            return;
        };
        let seen = format!(
            "{seen}; at the end there were {stock} + {sold} = {} of {PIECES} pieces \
             in stock and sold",
            stock + sold
        );
        let completed = self.place == "between" && sold == self.sales.all();
        let right = stock + sold == PIECES && (sold == others || completed);
        attempt.require(check, Verdict::Fail, right, seen);
    }
}

/// Lets sellers go on until the one with this number is kept waiting at `place`.
fn nth_at(run: &mut Run, place: &str, number: usize) -> Result<Visit, Stop> {
    let mut come = 0;
    loop {
        for visit in run.held() {
            come += usize::from(visit.is_at(place));
            if visit.is_at(place) && come == number {
                return Ok(visit);
            }
            run.release(&visit);
        }
        run.event()?;
    }
}

/// What each seller sells.
struct Sales(Vec<Vec<i64>>);

impl Sales {
    fn random(attempt: &mut Attempt<'_>, lengths: &[usize]) -> Sales {
        let sales = lengths.iter().map(|length| {
            let pieces = (0..*length).map(|_| attempt.random.i64(2..90));
            pieces.collect()
        });
        Sales(sales.collect())
    }

    fn all(&self) -> i64 {
        self.0.iter().flatten().sum()
    }

    fn plan(&self) -> Plan {
        Plan {
            given: json!(self.0),
            ..Plan::default()
        }
    }
}

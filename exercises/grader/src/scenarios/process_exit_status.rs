//! `process_exit_status`: a table of how each child ended.

use probe::protocol::Ending;
use serde_json::{Value, json};

use super::common::{Batch, Compared, Team, judge_team};
use crate::attempt::Attempt;
use crate::run::{Event, Plan, Run, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["returned"], |attempt| {
        for endings in [vec![Ending::Return], vec![Ending::Return; 3], vec![]] {
            judge_table(attempt, "returned", endings)?;
        }
        attempt.sheet.pass("returned");
        Ok(())
    });
    attempt.part(&["code"], |attempt| {
        let panic = Ending::Panic("this child panics; that is part of it".into());
        let mut endings = vec![Ending::Return, code(attempt), code(attempt), panic];
        attempt.random.shuffle(&mut endings);
        judge_table(attempt, "code", endings)?;
        attempt.sheet.pass("code");
        Ok(())
    });
    attempt.part(&["signal"], |attempt| {
        // SIGHUP, SIGABRT, SIGKILL, SIGTERM: nothing handles them.
        let signals = attempt.random.choose_multiple([1, 6, 9, 15], 3);
        let mut endings: Vec<Ending> =
            signals.into_iter().map(Ending::Signal).collect();
        endings.push(Ending::Return);
        attempt.random.shuffle(&mut endings);
        judge_table(attempt, "signal", endings)?;
        attempt.sheet.pass("signal");
        Ok(())
    });
    attempt.part(&["at_once", "slow"], one_is_slow);
}

fn code(attempt: &mut Attempt<'_>) -> Ending {
    // Not 1, which stands for any failure with some.
    Ending::Exit(attempt.random.i32(2..=100))
}

/// Lets the program run as it likes, but that children which do not just return
/// end when all are there: whoever looks at them before that sees that they run.
/// Notes only a failure.
fn judge_table(
    attempt: &mut Attempt<'_>,
    check: &str,
    endings: Vec<Ending>,
) -> Result<(), Stop> {
    let table = Table::of(attempt, endings);
    let children = table.batch.tasks.len();
    let finished = attempt.conduct(table.plan(), |_, run| {
        if check != "returned" {
            run.gather(children)?;
        }
        run.run_free()
    })?;
    let compared = table.compared(finished.answer);
    attempt.require(check, Verdict::Fail, compared.right(), compared);
    Ok(())
}

/// The first child ends long after all others.
fn one_is_slow(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    let slow = code(attempt);
    let mut endings = vec![Ending::Return; attempt.random.usize(3..=4)];
    endings[0] = slow;
    let table = Table::of(attempt, endings);
    let finished = attempt.conduct(table.plan(), |attempt, run| {
        let children = table.batch.tasks.len();
        judge_team(
            attempt,
            run,
            Team::children(children),
            ["at_once", "at_once"],
        )?;
        for visit in run.held_tasks() {
            if table.batch.place(&visit) != Some(0) {
                run.release(&visit);
            }
        }
        run.settle()?;
        judge_patience(attempt, run);
        Ok(())
    })?;
    let compared = table.compared(finished.answer);
    attempt.check("slow", Verdict::Fail, compared.right(), compared);
    Ok(())
}

/// At rest, the first child still runs.
fn judge_patience(attempt: &mut Attempt<'_>, run: &Run) {
    let answered = |event: &Event| matches!(event, Event::Answered(..));
    if run.end().is_some() || run.log().iter().any(answered) {
        let seen = "the table was handed in while the first child still ran";
        attempt.sheet.fail("slow", Verdict::Fail, seen);
    }
}

/// Children, and how they end.
struct Table {
    batch: Batch,
    endings: Vec<Ending>,
}

impl Table {
    fn of(attempt: &mut Attempt<'_>, endings: Vec<Ending>) -> Table {
        let content = endings.iter().cloned().map(Batch::ending).collect();
        Table {
            batch: Batch::of(&mut attempt.random, content),
            endings,
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            given: json!(self.batch.tasks),
            orders: self.batch.orders(),
            ..Plan::default()
        }
    }

    fn compared(&self, got: Option<Value>) -> Compared {
        let given: Vec<String> = self.endings.iter().map(told).collect();
        let expected: Vec<Value> = self.endings.iter().map(entry).collect();
        let given = match given.len() {
            0 => "no child at all".to_owned(),
            _ => format!("these children: one {}", given.join(", one ")),
        };
        Compared::new(given, json!(expected), got)
    }
}

fn told(ending: &Ending) -> String {
    match ending {
        Ending::Return => "returns".to_owned(),
        Ending::Panic(_) => "panics".to_owned(),
        Ending::Exit(code) => format!("exits with code {code}"),
        Ending::Signal(signal) => format!("dies by signal {signal}"),
        Ending::Hang => "hangs".to_owned(),
    }
}

/// The entry in the table; a panic that nobody catches exits with 101.
fn entry(ending: &Ending) -> Value {
    match ending {
        Ending::Return | Ending::Hang => json!("Returned"),
        Ending::Panic(_) => json!({ "Code": 101 }),
        Ending::Exit(code) => json!({ "Code": code }),
        Ending::Signal(signal) => json!({ "Signal": signal }),
    }
}

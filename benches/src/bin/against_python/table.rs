//! What was measured, as a table or as JSON.

use benches::Machine;
use serde_json::{Value, json};

use crate::contest::{Outcome, Row};

/// The lines so far; printed as they come, or as JSON at the end.
pub(crate) struct Table {
    json: Option<Vec<Value>>,
    python: String,
    missed: usize,
}

impl Table {
    pub(crate) fn new(json: bool, python: &str) -> Table {
        let table = Table {
            json: json.then(Vec::new),
            python: python.to_owned(),
            missed: 0,
        };
        if !json {
            println!("{} Python {python}.\n", Machine::here().sentence());
            println!(
                "Times are medians for one task, process or message. \"times as \
                 fast\" compares\nours with the other in the same round: more than \
                 1 means that ours is faster.\nThe range holds half of the rounds.\n"
            );
        }
        table
    }

    pub(crate) fn add(&mut self, name: &str, row: &Row, outcome: &Outcome) {
        let each = |nanoseconds: f64| nanoseconds / row.count as f64;
        let ways = std::iter::once((&row.ours, outcome.ours, None)).chain(
            row.others
                .iter()
                .zip(&outcome.others)
                .map(|(way, found)| (way, found.time, Some(found.ratio))),
        );
        if self.json.is_none() {
            println!("{} ({name}, by the {})", row.title, row.unit);
        }
        for (way, time, ratio) in ways {
            let reached = ratio.zip(way.must).map(|(r, must)| r.middle >= must);
            if reached == Some(false) {
                self.missed += 1;
            }
            if let Some(lines) = &mut self.json {
                lines.push(json!({
                    "work": name,
                    "title": row.title,
                    "unit": row.unit,
                    "count": row.count,
                    "series": way.name,
                    "nanoseconds": time.middle,
                    "low": time.low,
                    "high": time.high,
                    "times_as_fast": ratio.map(|ratio| ratio.middle),
                    "must": way.must,
                    "aim": way.aim,
                    "reached": reached,
                }));
                continue;
            }
            let mut line =
                format!("  {:<16} {:>10}", way.name, duration(each(time.middle)));
            if let Some(ratio) = ratio {
                let range = format!("{}..{}", digits(ratio.low), digits(ratio.high));
                line += &format!(
                    "   {:>7} times as fast ({range})",
                    digits(ratio.middle)
                );
            }
            if let (Some(must), Some(aim)) = (way.must, way.aim) {
                let verdict = if reached == Some(true) {
                    "ok"
                } else {
                    "MISSED"
                };
                line += &format!(
                    "; must {}, aim {}: {verdict}",
                    digits(must),
                    digits(aim)
                );
            }
            println!("{line}");
        }
        if self.json.is_none() {
            println!();
        }
    }

    pub(crate) fn finish(self) {
        match self.json {
            Some(lines) => {
                let all = json!({
                    "machine": Machine::here(),
                    "python": self.python,
                    "lines": lines,
                });
                println!("{all:#}");
            }
            None if self.missed > 0 => println!("{} missed.", self.missed),
            None => println!("Nothing missed."),
        }
    }
}

/// A duration with a fitting unit.
fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        less if less < 1e3 => (less, "ns"),
        less if less < 1e6 => (less / 1e3, "us"),
        less if less < 1e9 => (less / 1e6, "ms"),
        more => (more / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// About three digits.
fn digits(value: f64) -> String {
    match value {
        more if more >= 100.0 => format!("{more:.0}"),
        more if more >= 10.0 => format!("{more:.1}"),
        less => format!("{less:.2}"),
    }
}

//! Measured figures: the reference machine's, and those of this machine.
//!
//! `benches/results/GROUP.json` holds the reference machine's figures of one
//! Criterion group and says how to show them.

use crate::criterion::measured;
use crate::project::{Project, is_name};
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The figures of one group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// What the chart is called.
    pub title: String,
    /// The question that it answers.
    #[serde(default)]
    pub question: String,
    /// What the inputs are.
    #[serde(default)]
    pub axis: String,
    /// How the bars grow.
    #[serde(default)]
    pub scale: Scale,
    /// Where this was measured.
    pub machine: Machine,
    /// The figures, in the order in which they are shown.
    pub results: Vec<Figure>,
    /// Figures that are no durations.
    #[serde(default)]
    pub numbers: BTreeMap<String, Number>,
}

/// How the bars of a chart grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Twice as long means twice as much.
    #[default]
    Linear,
    /// Each line is ten times the one before.
    Log,
}

/// Where figures come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// "reference machine", or "this machine".
    pub name: String,
    /// Processor and number of cores.
    #[serde(default)]
    pub cpu: String,
    /// Operating system.
    #[serde(default)]
    pub system: String,
    /// Compiler.
    #[serde(default)]
    pub rustc: String,
    /// Revision of the workbook.
    #[serde(default)]
    pub commit: String,
    /// Day, as 2026-01-31.
    #[serde(default)]
    pub date: String,
    /// What was run.
    #[serde(default)]
    pub command: String,
}

/// The mean duration of one iteration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// `threads`, `processes`, or the name of a crate.
    pub series: String,
    /// The size or kind of the work; empty if there is only one.
    #[serde(default)]
    pub input: String,
    /// The mean, in nanoseconds.
    pub nanoseconds: f64,
    /// Lower end of the 95 % interval of the mean.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper end of that interval.
    #[serde(default)]
    pub high: Option<f64>,
    /// How many elements one iteration handles.
    #[serde(default)]
    pub elements: Option<u64>,
    /// How many bytes one iteration handles.
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// A figure with a unit of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The figure.
    pub value: f64,
    /// Its unit; empty for a ratio or a count.
    #[serde(default)]
    pub unit: String,
    /// What it is.
    pub what: String,
}

impl Figures {
    /// The reference machine's figures of a group.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is not of the documented form.
    pub fn reference(project: &Project, group: &str) -> Result<Figures> {
        if !is_name(group) {
            bail!("`{group}` cannot be the name of a group of benchmarks");
        }
        let path = format!("benches/results/{group}.json");
        let text = project.read(&path)?;
        let figures: Figures =
            serde_json::from_str(&text).with_context(|| format!("`{path}`"))?;
        let sound = |figure: &Figure| figure.nanoseconds > 0.0;
        if figures.results.is_empty() && figures.numbers.is_empty() {
            bail!("`{path}` holds no figure");
        }
        if !figures.results.iter().all(sound) {
            bail!("`{path}`: a duration must be more than 0 nanoseconds");
        }
        Ok(figures)
    }

    /// This machine's figures of a group if Criterion has measured it here, else
    /// the reference machine's. They are titled and ordered in the same way.
    ///
    /// # Errors
    ///
    /// As [`Figures::reference`].
    pub fn nearest(project: &Project, group: &str) -> Result<Figures> {
        let mut figures = Figures::reference(project, group)?;
        let mut measured = measured(&project.target().join("criterion"), group);
        if measured.is_empty() {
            return Ok(figures);
        }
        let place = |figure: &Figure| {
            let same = |other: &Figure| key(other) == key(figure);
            figures.results.iter().position(same).unwrap_or(usize::MAX)
        };
        measured.sort_by_key(|figure| (place(figure), figure.input.clone()));
        figures.results = measured;
        figures.machine = Machine {
            name: "this machine".to_owned(),
            command: figures.machine.command,
            cpu: String::new(),
            system: String::new(),
            rustc: String::new(),
            commit: String::new(),
            date: String::new(),
        };
        Ok(figures)
    }

    fn find(&self, input: &str, series: &str) -> Result<&Figure> {
        let wanted = (input, series);
        let found = self.results.iter().find(|figure| key(figure) == wanted);
        found.ok_or_else(|| anyhow!("nothing was measured for {input} {series}"))
    }

    /// The figure that a key (without the group) names, as text with its unit.
    ///
    /// # Errors
    ///
    /// Nothing of that name was measured.
    pub fn number(&self, key: &str) -> Result<String> {
        if let Some(number) = self.numbers.get(key) {
            let unit = if number.unit.is_empty() { "" } else { "\u{a0}" };
            return Ok(format!("{}{unit}{}", digits(number.value), number.unit));
        }
        let parts: Vec<&str> = key.split('.').collect();
        let (input, what, view) = match parts[..] {
            [what] => ("", what, ""),
            [what, view @ ("rate" | "each")] => ("", what, view),
            [input, what] => (input, what, ""),
            [input, what, view @ ("rate" | "each")] => (input, what, view),
            _ => bail!("`{key}` is not of the form INPUT.SERIES"),
        };
        let ratio = if what == "ratio" {
            "processes/threads"
        } else {
            what
        };
        if let Some((upper, lower)) = ratio.split_once('/') {
            let upper = self.find(input, upper)?.nanoseconds;
            return Ok(times(upper / self.find(input, lower)?.nanoseconds));
        }
        let figure = self.find(input, what)?;
        match view {
            "rate" => rate(figure).ok_or_else(|| {
                anyhow!("`{key}`: neither elements nor bytes are given")
            }),
            "each" => {
                let elements = figure.elements.filter(|count| *count > 0);
                let elements = elements
                    .ok_or_else(|| anyhow!("`{key}`: no elements are given"))?;
                Ok(duration(figure.nanoseconds / elements as f64))
            }
            _ => Ok(duration(figure.nanoseconds)),
        }
    }
}

/// What `{{#number GROUP.KEY}}` shows: the figure, with its origin.
///
/// # Errors
///
/// Nothing of that name was measured.
pub fn expand(project: &Project, key: &str) -> Result<String> {
    let (group, rest) = key
        .split_once('.')
        .ok_or_else(|| anyhow!("`{key}` names no group"))?;
    let figures = Figures::reference(project, group)?;
    let text = figures.number(rest).with_context(|| format!("`{key}`"))?;
    let origin = crate::markup::escape(&figures.machine.origin());
    Ok(format!(
        "<span class=\"number\" title=\"{origin}\">{text}</span>"
    ))
}

impl Machine {
    /// Where the figures come from, in one sentence.
    #[must_use]
    pub fn origin(&self) -> String {
        let labelled = |label: &str, value: &str| match value {
            "" => String::new(),
            value if value.starts_with(label) => value.to_owned(),
            value => format!("{label} {value}"),
        };
        let mut known = vec![
            self.cpu.clone(),
            self.system.clone(),
            labelled("rustc", &self.rustc),
            labelled("commit", &self.commit),
            self.date.clone(),
        ];
        known.retain(|part| !part.is_empty());
        let mut origin = format!("Measured on {}", self.the_name());
        if !known.is_empty() {
            origin.push_str(&format!(" ({})", known.join(", ")));
        }
        if !self.command.is_empty() {
            origin.push_str(&format!(" with {}", self.command));
        }
        origin
    }

    fn the_name(&self) -> String {
        if self.name.starts_with("this ") {
            self.name.clone()
        } else {
            format!("the {}", self.name)
        }
    }
}

/// Elements or bytes a second, as text.
#[must_use]
pub fn rate(figure: &Figure) -> Option<String> {
    let (amount, unit) = match (figure.elements, figure.bytes) {
        (_, Some(bytes)) => (bytes, "B/s"),
        (Some(elements), None) => (elements, "/s"),
        (None, None) => return None,
    };
    Some(prefixed(amount as f64 * 1e9 / figure.nanoseconds, unit))
}

/// A duration with a fitting unit and three digits at most.
#[must_use]
pub fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        less if less < 1e3 => (less, "ns"),
        less if less < 1e6 => (less / 1e3, "µs"),
        less if less < 1e9 => (less / 1e6, "ms"),
        more => (more / 1e9, "s"),
    };
    format!("{}\u{a0}{unit}", digits(value))
}

/// How many times as much; near 1, a digit more says which of both is more.
fn times(ratio: f64) -> String {
    if (0.5..1.95).contains(&ratio) {
        format!("{ratio:.2}")
    } else {
        digits(ratio)
    }
}

/// Two or three digits that mean something, with commas between thousands.
#[must_use]
pub fn digits(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        let whole = format!("{size:.0}");
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return if value < 0.0 {
            format!("-{grouped}")
        } else {
            grouped
        };
    }
    match size {
        more if more >= 99.5 => format!("{value:.0}"),
        more if more >= 9.95 => trimmed(format!("{value:.0}")),
        more if more >= 0.995 => trimmed(format!("{value:.1}")),
        _ => trimmed(format!("{value:.2}")),
    }
}

fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn prefixed(value: f64, unit: &str) -> String {
    let (value, prefix) = match value {
        less if less < 1e3 => (less, ""),
        less if less < 1e6 => (less / 1e3, "k"),
        less if less < 1e9 => (less / 1e6, "M"),
        more => (more / 1e9, "G"),
    };
    format!("{}\u{a0}{prefix}{unit}", digits(value))
}

fn key(figure: &Figure) -> (&str, &str) {
    (&figure.input, &figure.series)
}

#[cfg(test)]
mod tests {
    use super::{Figures, digits, duration, times};

    fn figures() -> Figures {
        let text = r#"{"title": "T", "machine": {"name": "reference machine"},
            "results": [
              {"series": "threads", "input": "1us", "nanoseconds": 1500,
               "elements": 3},
              {"series": "processes", "input": "1us", "nanoseconds": 4500},
              {"series": "threads", "nanoseconds": 2e6, "bytes": 4000000}],
            "numbers": {"memory": {"value": 1.9, "unit": "MB", "what": "idle"}}}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn keys_name_figures() {
        let figures = figures();
        let number = |key: &str| figures.number(key).unwrap();
        assert_eq!(number("1us.threads"), "1.5\u{a0}µs");
        assert_eq!(number("1us.threads.each"), "500\u{a0}ns");
        assert_eq!(number("1us.threads.rate"), "2\u{a0}M/s");
        assert_eq!(number("1us.ratio"), "3");
        assert_eq!(number("1us.threads/processes"), "0.33");
        assert_eq!(number("threads.rate"), "2\u{a0}GB/s");
        assert_eq!(number("memory"), "1.9\u{a0}MB");
        for unknown in ["2us.threads", "memories", "a.b.c.d", "1us.processes.rate"] {
            assert!(figures.number(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn digits_are_few() {
        assert_eq!(digits(0.126), "0.13");
        assert_eq!(digits(3.0), "3");
        assert_eq!(digits(3.0719), "3.1");
        assert_eq!(digits(31.4159), "31");
        assert_eq!(digits(314.159), "314");
        assert_eq!(digits(1234567.8), "1,234,568");
        assert_eq!(duration(12_345.0), "12\u{a0}µs");
        assert_eq!(times(1.031), "1.03");
        assert_eq!(times(1.0), "1.00");
        assert_eq!(times(2.04), "2");
    }
}

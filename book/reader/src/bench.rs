//! What `{{#bench GROUP}}` shows: a chart and a table of one group of benchmarks.

use crate::chart::{Axis, Bar, bar, row, scale_row};
use crate::figures::{Figure, Figures, Scale, duration, rate};
use crate::markup::{escape, inline};
use crate::project::Project;
use anyhow::{Result, ensure};
use std::fmt::Write as _;

/// What one bar of a chart stands for.
#[derive(Clone, Copy)]
enum Unit {
    /// A whole iteration.
    Iteration,
    /// One of the many elements that an iteration handles. Inputs differ in how
    /// many these are, so that only this can be compared between them.
    Element,
}

impl Unit {
    fn of(figures: &Figures) -> Unit {
        let counts =
            |figure: &Figure| figure.elements.is_some_and(|count| count > 0);
        if figures.results.iter().all(counts) {
            Unit::Element
        } else {
            Unit::Iteration
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Iteration => "one iteration",
            Unit::Element => "one element",
        }
    }

    /// A time of this figure, counted in this unit.
    fn count(self, figure: &Figure, nanoseconds: f64) -> f64 {
        match (self, figure.elements) {
            (Unit::Element, Some(elements)) => nanoseconds / elements as f64,
            _ => nanoseconds,
        }
    }
}

/// The chart and the table of a group, or of `GROUP:INPUT`, as HTML.
///
/// # Errors
///
/// The group has no results, or they are not of the documented form.
pub fn expand(project: &Project, argument: &str) -> Result<String> {
    let (group, input) = match argument.split_once(':') {
        Some((group, input)) => (group, Some(input)),
        None => (argument, None),
    };
    let mut figures = Figures::nearest(project, group)?;
    let unit = match input {
        Some(input) => {
            figures.results.retain(|figure| figure.input == input);
            figures.scale = Scale::Linear;
            Unit::Iteration
        }
        None => Unit::of(&figures),
    };
    ensure!(
        !figures.results.is_empty(),
        "`{argument}` has no results to draw"
    );
    let mut shown = String::from("<figure class=\"chart\">\n<figcaption>");
    write!(shown, "<strong>{}</strong>", inline(&figures.title))?;
    if !figures.question.is_empty() {
        write!(shown, " <span>{}</span>", inline(&figures.question))?;
    }
    shown.push_str("</figcaption>\n");
    write!(
        shown,
        "<div class=\"chart-plot\" aria-hidden=\"true\">\n{}</div>\n",
        plot(&figures, unit)
    )?;
    shown.push_str(&table(&figures, unit));
    let scale = match figures.scale {
        Scale::Log => ", on a logarithmic scale",
        Scale::Linear => "",
    };
    let origin = unbroken(&escape(&figures.machine.origin()));
    // Who gives no interval has taken the middle of a few times.
    let is_mean = figures.results.iter().all(|figure| figure.low.is_some());
    let time = if is_mean { "Mean" } else { "Median" };
    let unit = unit.name();
    write!(
        shown,
        "<p class=\"origin\">{time} time for {unit}{scale}. Shorter is better. \
         {origin}.</p>\n</figure>\n"
    )?;
    Ok(shown)
}

/// The series of all figures, each once, in the order of their first figure.
fn series(figures: &Figures) -> Vec<&str> {
    let mut names = Vec::new();
    for figure in &figures.results {
        if !names.contains(&figure.series.as_str()) {
            names.push(&figure.series);
        }
    }
    names
}

/// The inputs of all figures, each once, in the order of their first figure.
fn inputs(figures: &Figures) -> Vec<&str> {
    let mut names = Vec::new();
    for figure in &figures.results {
        if !names.contains(&figure.input.as_str()) {
            names.push(&figure.input);
        }
    }
    names
}

/// An input as the text around it would write it: `64KiB` as 64 KiB, `1us` as 1 µs,
/// `10000` as 10,000.
fn words(input: &str) -> String {
    let digits = input.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = input.split_at(digits);
    match unit {
        "" => grouped(number),
        "us" if digits > 0 => format!("{number}\u{a0}µs"),
        "ns" | "ms" | "s" | "B" | "KiB" | "MiB" | "GiB" if digits > 0 => {
            format!("{number}\u{a0}{unit}")
        }
        _ => input.to_owned(),
    }
}

/// A text whose lines never break within an option, behind its `--`.
fn unbroken(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        if word.starts_with("--") {
            format!("<span class=\"number\">{word}</span>")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Digits with a comma before each three of them, from the right.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn plot(figures: &Figures, unit: Unit) -> String {
    let mut values = Vec::new();
    for figure in &figures.results {
        let most = figure.high.unwrap_or(figure.nanoseconds);
        values
            .extend([figure.nanoseconds, most].map(|time| unit.count(figure, time)));
    }
    let axis = Axis::around(figures.scale, &values);
    let series = series(figures);
    let inputs = inputs(figures);
    let mut rows = String::new();
    for input in &inputs {
        // What stands in one group stays on one page of paper.
        rows.push_str("<div class=\"chart-group\">\n");
        if !input.is_empty() {
            let _ = writeln!(
                rows,
                "<div class=\"chart-input\">{}</div>",
                escape(&words(input))
            );
        }
        for figure in figures
            .results
            .iter()
            .filter(|figure| figure.input == **input)
        {
            let place = series.iter().position(|name| *name == figure.series);
            let count = |time| unit.count(figure, time);
            let value = count(figure.nanoseconds);
            let one = Bar {
                series: place.unwrap_or(0),
                label: figure.series.clone(),
                text: duration(value),
                value,
                interval: figure.low.map(count).zip(figure.high.map(count)),
            };
            rows.push_str(&row(&one.label, &bar(&axis, &one), &one.text));
        }
        if inputs.last() == Some(input) {
            rows.push_str(&scale_row(&axis, &figures.axis_note(), duration));
        }
        rows.push_str("</div>\n");
    }
    rows
}

impl Figures {
    fn axis_note(&self) -> String {
        if self.axis.is_empty() {
            return String::new();
        }
        format!("by {}", self.axis)
    }
}

/// The most series that have a column each: more do not fit on paper.
const COLUMNS: usize = 5;

fn table(figures: &Figures, unit: Unit) -> String {
    let axis = if figures.axis.is_empty() {
        "work"
    } else {
        &figures.axis
    };
    let rows = if series(figures).len() > COLUMNS {
        list(figures, axis, unit)
    } else {
        grid(figures, axis, unit)
    };
    format!(
        "<details class=\"figures\"><summary>The figures as a table</summary>\n\
         <div class=\"table-wrapper\"><table>{rows}</tbody></table></div></details>\n"
    )
}

/// One line per figure.
fn list(figures: &Figures, axis: &str, unit: Unit) -> String {
    let mut shown = String::from("<thead><tr>");
    for name in [axis, "way", "time", "rate"] {
        let _ = write!(shown, "<th scope=\"col\">{}</th>", escape(name));
    }
    shown.push_str("</tr></thead><tbody>\n");
    for figure in &figures.results {
        let _ = writeln!(
            shown,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&words(&figure.input)),
            escape(&figure.series),
            duration(unit.count(figure, figure.nanoseconds)),
            rate(figure).unwrap_or_default()
        );
    }
    shown
}

/// One line per input, one column per series.
fn grid(figures: &Figures, axis: &str, unit: Unit) -> String {
    let series = series(figures);
    let mut shown = String::from("<thead><tr>");
    let _ = write!(shown, "<th scope=\"col\">{}</th>", escape(axis));
    for name in &series {
        let _ = write!(shown, "<th scope=\"col\">{}</th>", escape(name));
    }
    shown.push_str("</tr></thead><tbody>\n");
    for input in inputs(figures) {
        let name = if input.is_empty() {
            unit.name().to_owned()
        } else {
            words(input)
        };
        let _ = write!(shown, "<tr><th scope=\"row\">{}</th>", escape(&name));
        for name in &series {
            let same =
                |figure: &&Figure| figure.input == input && figure.series == **name;
            let cell = figures
                .results
                .iter()
                .find(same)
                .map(|figure| cell(figure, unit))
                .unwrap_or_default();
            let _ = write!(shown, "<td>{cell}</td>");
        }
        shown.push_str("</tr>\n");
    }
    shown
}

fn cell(figure: &Figure, unit: Unit) -> String {
    let mut cell = duration(unit.count(figure, figure.nanoseconds));
    if let Some(rate) = rate(figure) {
        let _ = write!(cell, "<br>{rate}");
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn inputs_are_written_as_in_the_text() {
        let cases = [
            ("8B", "8\u{a0}B"),
            ("64KiB", "64\u{a0}KiB"),
            ("1us", "1\u{a0}µs"),
            ("100", "100"),
            ("10000", "10,000"),
            ("1000000", "1,000,000"),
            ("pool_1ms", "pool_1ms"),
            ("us", "us"),
            ("", ""),
        ];
        for (input, shown) in cases {
            assert_eq!(words(input), shown);
        }
    }
}

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
    let origin = escape(&figures.machine.origin());
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
            let _ =
                writeln!(rows, "<div class=\"chart-input\">{}</div>", escape(input));
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
            escape(&figure.input),
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
        let name = if input.is_empty() { unit.name() } else { input };
        let _ = write!(shown, "<tr><th scope=\"row\">{}</th>", escape(name));
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

//! What `{{#bench GROUP}}` shows: a chart and a table of one group of benchmarks.

use crate::chart::{Axis, Bar, bar, row, scale_row};
use crate::figures::{Figure, Figures, Scale, duration, rate};
use crate::markup::{escape, inline};
use crate::project::Project;
use anyhow::{Result, ensure};
use std::fmt::Write as _;

/// The chart and the table as HTML.
///
/// # Errors
///
/// The group has no results, or they are not of the documented form.
pub fn expand(project: &Project, group: &str) -> Result<String> {
    let figures = Figures::nearest(project, group)?;
    ensure!(
        !figures.results.is_empty(),
        "`{group}` has no results to draw"
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
        plot(&figures)
    )?;
    shown.push_str(&table(&figures));
    let kind = match figures.scale {
        Scale::Log => "Mean time for one iteration, on a logarithmic scale.",
        Scale::Linear => "Mean time for one iteration.",
    };
    let origin = escape(&figures.machine.origin());
    write!(
        shown,
        "<p class=\"origin\">{kind} Shorter is better. {origin}.</p>\n</figure>\n"
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

fn plot(figures: &Figures) -> String {
    let mut values = Vec::new();
    for figure in &figures.results {
        values.extend([
            figure.nanoseconds,
            figure.high.unwrap_or(figure.nanoseconds),
        ]);
    }
    let axis = Axis::around(figures.scale, &values);
    let series = series(figures);
    let mut rows = String::new();
    for input in inputs(figures) {
        if !input.is_empty() {
            let _ =
                writeln!(rows, "<div class=\"chart-input\">{}</div>", escape(input));
        }
        for figure in figures
            .results
            .iter()
            .filter(|figure| figure.input == input)
        {
            let place = series.iter().position(|name| *name == figure.series);
            let one = Bar {
                series: place.unwrap_or(0),
                label: figure.series.clone(),
                text: duration(figure.nanoseconds),
                value: figure.nanoseconds,
                interval: figure.low.zip(figure.high),
            };
            rows.push_str(&row(&one.label, &bar(&axis, &one), &one.text));
        }
    }
    rows.push_str(&scale_row(&axis, &figures.axis_note(), duration));
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

/// One line per input, one column per series.
fn table(figures: &Figures) -> String {
    let series = series(figures);
    let mut shown = String::from(
        "<details class=\"figures\"><summary>The figures as a table</summary>\n\
         <div class=\"table-wrapper\"><table><thead><tr>",
    );
    let axis = if figures.axis.is_empty() {
        "work"
    } else {
        &figures.axis
    };
    let _ = write!(shown, "<th scope=\"col\">{}</th>", escape(axis));
    for name in &series {
        let _ = write!(shown, "<th scope=\"col\">{}</th>", escape(name));
    }
    shown.push_str("</tr></thead><tbody>\n");
    for input in inputs(figures) {
        let name = if input.is_empty() {
            "one iteration"
        } else {
            input
        };
        let _ = write!(shown, "<tr><th scope=\"row\">{}</th>", escape(name));
        for name in &series {
            let same =
                |figure: &&Figure| figure.input == input && figure.series == **name;
            let cell = figures
                .results
                .iter()
                .find(same)
                .map(cell)
                .unwrap_or_default();
            let _ = write!(shown, "<td>{cell}</td>");
        }
        shown.push_str("</tr>\n");
    }
    shown.push_str("</tbody></table></div></details>\n");
    shown
}

fn cell(figure: &Figure) -> String {
    let mut cell = duration(figure.nanoseconds);
    if let Some(rate) = rate(figure) {
        let _ = write!(cell, "<br>{rate}");
    }
    cell
}

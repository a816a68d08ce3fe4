//! How a grade is told on a terminal, or to whatever stands in for one.

use std::env;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::verdict::{CheckResult, Grade, Verdict};

/// Says what is being done, so that compiling is never silent: a spinner on a
/// terminal, a line each elsewhere.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn start() -> Progress {
        if !stderr().is_terminal() {
            eprintln!("compiling");
            return Progress { bar: None };
        }
        let bar = ProgressBar::new_spinner().with_message("compiling");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar: Some(bar) }
    }

    /// Goes on to the next thing.
    pub(super) fn at(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Tells one grade.
pub(super) fn tell(grade: &Grade) -> io::Result<()> {
    let points = format!("{} of {} points", grade.points, grade.out_of);
    writeln!(
        stdout(),
        "{} ({}): {}",
        paint(BOLD, &grade.title),
        grade.exercise,
        paint(colour(grade.verdict), &points)
    )?;
    if grade.verdict == Verdict::BuildError {
        writeln!(stdout(), "{}", grade.compiler.trim_end())?;
        return Ok(());
    }
    if !grade.gap.is_empty() {
        writeln!(
            stdout(),
            "Not written yet: {}\n\
             The comments above it say what to do. Put your code in place of the \
             `todo!`, save\n\
             and grade again. What is checked:",
            grade.gap
        )?;
    }
    for (place, check) in grade.checks.iter().enumerate() {
        let mut before = grade.checks[..place].iter();
        let same = before.find(|other| other.observed == check.observed);
        tell_check(check, same)?;
    }
    if !grade.compiler.is_empty() {
        writeln!(
            stdout(),
            "\nThe compiler warns:\n{}",
            grade.compiler.trim_end()
        )?;
    }
    if !grade.printed.is_empty() {
        writeln!(stdout(), "\nThe answer printed:")?;
        let lines: Vec<&str> = grade.printed.lines().collect();
        for line in &lines[lines.len().saturating_sub(12)..] {
            writeln!(stdout(), "  | {line}")?;
        }
    }
    if !grade.is_full() {
        writeln!(stdout(), "\nThe same inputs again: --seed {}", grade.seed)?;
    }
    Ok(())
}

/// Tells one check; what has been told at an earlier one is not told again.
fn tell_check(check: &CheckResult, same: Option<&CheckResult>) -> io::Result<()> {
    let verdict = paint(colour(check.verdict), check.verdict.words());
    let points = format!("{}/{}", check.points, check.out_of);
    writeln!(stdout(), "  {points:>4}  {}: {verdict}", check.title)?;
    if check.verdict == Verdict::Pass {
        return Ok(());
    }
    let seen = match same {
        Some(other) if !check.observed.is_empty() => {
            format!("the same as at “{}”", other.title)
        }
        _ => check.observed.clone(),
    };
    let told = [
        ("seen", &*seen),
        ("expected", &*check.expected),
        ("read", &*check.section),
    ];
    // That a line is not written yet has been told at the top.
    let known = usize::from(check.verdict == Verdict::Unwritten);
    for (label, text) in &told[known..] {
        let mut lines = wrap(text, 70).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(stdout(), "        {label:>8}: {first}")?;
        for line in lines {
            writeln!(stdout(), "                  {line}")?;
        }
    }
    Ok(())
}

/// Breaks a text into lines of at most `width` letters; its own lines stay apart, and
/// code, which is indented, stays as it is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        if paragraph.starts_with("    ") {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty()
                && line.chars().count() + word.chars().count() >= width
            {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

pub(super) const BOLD: &str = "1";

fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "32",
        Verdict::Skipped => "33",
        _ => "31",
    }
}

/// In colour, where that is wanted: on a terminal, and unless `NO_COLOR` is set.
pub(super) fn paint(code: &str, text: &str) -> String {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if unwanted || !stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_move_to_the_next_line_and_code_does_not() {
        let text =
            "Then, for each of them:\n\n    if wanted(one)? {\n        end(one);";
        let lines = [
            "Then, for",
            "each of",
            "them:",
            "",
            "    if wanted(one)? {",
            "        end(one);",
        ];
        assert_eq!(wrap(text, 10), lines);
    }
}

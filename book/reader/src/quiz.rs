//! What `{{#quiz NAME}}` shows: questions whose answers are closed at first.

use crate::markup::{block, inline};
use crate::project::{Project, is_name};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::fmt::Write as _;

/// `book/quizzes/NAME.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiz {
    question: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// Markdown.
    ask: String,
    /// Markdown; listed as a, b, c.
    #[serde(default)]
    choices: Vec<String>,
    /// Markdown.
    answer: String,
}

/// The quiz as HTML.
///
/// # Errors
///
/// The file is missing, cannot be read as TOML, or holds an empty question.
pub fn expand(project: &Project, name: &str) -> Result<String> {
    if !is_name(name) {
        bail!("`{name}` cannot be the name of a quiz");
    }
    let path = format!("book/quizzes/{name}.toml");
    let text = project.read(&path)?;
    let quiz: Quiz = toml::from_str(&text).with_context(|| format!("`{path}`"))?;
    ensure!(!quiz.question.is_empty(), "`{path}` has no question");

    let mut shown = String::from("<div class=\"quiz\">\n");
    for question in &quiz.question {
        let filled = !question.ask.trim().is_empty();
        ensure!(filled, "`{path}` has an empty question");
        let filled = !question.answer.trim().is_empty();
        ensure!(filled, "`{path}` has an empty answer");
        writeln!(shown, "<div class=\"question\">{}", block(&question.ask))?;
        if !question.choices.is_empty() {
            writeln!(shown, "<ol type=\"a\">")?;
            for choice in &question.choices {
                writeln!(shown, "<li>{}</li>", inline(choice))?;
            }
            writeln!(shown, "</ol>")?;
        }
        let answer = block(&question.answer);
        writeln!(
            shown,
            "<details><summary>Answer</summary>{answer}</details></div>"
        )?;
    }
    shown.push_str("</div>\n");
    Ok(shown)
}

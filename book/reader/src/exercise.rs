//! What `{{#exercise ID}}` shows: the statement, the points, the hints.
//!
//! The reader's own verdicts and the buttons are added by script, where there is a
//! server that can grade.

use crate::listing::header;
use crate::markup::{block, escape, inline, source_link};
use crate::project::{Project, is_name};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fmt::Write as _;

/// `exercises/exercises.toml`, as far as the book shows it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Manifest {
    /// The exercises, in the order in which they are met.
    #[serde(default, rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// One exercise.
#[derive(Debug, Clone, Deserialize)]
pub struct Exercise {
    /// Its name for ever.
    pub id: String,
    /// The stem of its file, where that is not the id any more.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is called.
    pub title: String,
    /// The stem of the chapter that it belongs to.
    pub chapter: String,
    /// From 1, easy, to 3, hard.
    pub level: u8,
    /// How long it may take.
    pub minutes: u32,
    /// What is checked.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Help, from little to much. Markdown.
    #[serde(default)]
    pub hints: Vec<String>,
}

/// One check of an exercise.
#[derive(Debug, Clone, Deserialize)]
pub struct Check {
    /// Its name within the exercise.
    pub id: String,
    /// What it asks for, in a few words.
    pub title: String,
    /// What a right answer does.
    #[serde(default)]
    pub expected: String,
    /// What it is worth.
    pub points: u32,
}

impl Manifest {
    /// Reads the manifest.
    ///
    /// # Errors
    ///
    /// It is missing or not of the documented form.
    pub fn read(project: &Project) -> Result<Manifest> {
        const PATH: &str = "exercises/exercises.toml";
        let text = project.read(PATH)?;
        toml::from_str(&text).context(PATH)
    }

    /// The exercise of that name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find(&self, id: &str) -> Result<&Exercise> {
        let found = self.exercises.iter().find(|exercise| exercise.id == id);
        found.with_context(|| format!("there is no exercise `{id}`"))
    }
}

impl Exercise {
    /// Where the starter lies, from the root of the repository.
    #[must_use]
    pub fn starter(&self) -> String {
        format!("exercises/{}.rs", self.stem())
    }

    fn stem(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// What all checks are worth together.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.checks.iter().map(|check| check.points).sum()
    }
}

/// What `{{#progress}}` shows: all exercises, chapter by chapter. The learner's
/// points are filled in by script.
///
/// # Errors
///
/// The manifest is missing or not of the documented form.
pub fn progress(project: &Project) -> Result<String> {
    let manifest = Manifest::read(project)?;
    let all: u32 = manifest.exercises.iter().map(Exercise::points).sum();
    let mut shown = format!(
        "<div class=\"progress-summary\" data-points=\"{all}\">\n\
         <progress max=\"{all}\" value=\"0\" aria-label=\"Points of {all}\" \
         hidden></progress>\n\
         <p class=\"progress-words\">{} exercises, {all} points.</p></div>\n",
        manifest.exercises.len(),
    );
    let mut chapters: Vec<&str> = Vec::new();
    for exercise in &manifest.exercises {
        if !chapters.contains(&exercise.chapter.as_str()) {
            chapters.push(&exercise.chapter);
        }
    }
    for chapter in chapters {
        let ours = || {
            let exercises = manifest.exercises.iter();
            exercises.filter(|exercise| exercise.chapter == chapter)
        };
        let sum: u32 = ours().map(Exercise::points).sum();
        let name = escape(chapter);
        writeln!(
            shown,
            "<div class=\"table-wrapper\"><table class=\"progress\"><caption>\
             <a href=\"{name}.html\">{}</a>: \
             <span data-chapter-total=\"{name}\" data-points=\"{sum}\">{sum}</span> \
             points</caption><thead><tr><th scope=\"col\">exercise</th>\
             <th scope=\"col\">level, minutes</th><th scope=\"col\">worth</th>\
             <th scope=\"col\">you have</th></tr></thead><tbody>",
            escape(&heading(project, chapter)),
        )?;
        for exercise in ours() {
            writeln!(
                shown,
                "<tr data-exercise=\"{0}\" data-chapter=\"{name}\" \
                 data-points=\"{4}\"><th scope=\"row\">\
                 <a href=\"{name}.html#exercise-{0}\">{1}</a></th><td>{2}, {3}</td>\
                 <td>{4}</td><td class=\"grade-cell\">not known here</td></tr>",
                escape(&exercise.id),
                escape(&exercise.title),
                level(exercise.level),
                exercise.minutes,
                exercise.points(),
            )?;
        }
        shown.push_str("</tbody></table></div>\n");
    }
    Ok(shown)
}

/// What the page of a chapter is called, or the chapter's stem if it has no page.
fn heading(project: &Project, chapter: &str) -> String {
    let page = project
        .read(&format!("book/src/{chapter}.md"))
        .unwrap_or_default();
    let heading = page.lines().find_map(|line| line.strip_prefix("# "));
    heading.unwrap_or(chapter).to_owned()
}

fn level(level: u8) -> &'static str {
    match level {
        1 => "easy",
        2 => "medium",
        _ => "hard",
    }
}

/// The panel of an exercise as HTML.
///
/// # Errors
///
/// The exercise or its starter is missing.
pub fn expand(
    project: &Project,
    id: &str,
    repository: Option<&str>,
) -> Result<String> {
    if !is_name(id) {
        bail!("`{id}` cannot be the name of an exercise");
    }
    let manifest = Manifest::read(project)?;
    let exercise = manifest.find(id)?;
    let path = exercise.starter();
    let statement = header(&project.read(&path)?);
    let title = escape(&exercise.title);
    let mut shown = format!(
        "<section class=\"exercise\" id=\"exercise-{id}\" data-exercise=\"{id}\" \
         aria-label=\"Exercise: {title}\">\n\
         <p class=\"exercise-title\"><strong>Exercise: {title}</strong> \
         <span>{}, about {} minutes, {} points</span></p>\n",
        level(exercise.level),
        exercise.minutes,
        exercise.points(),
    );
    writeln!(
        shown,
        "<div class=\"statement\">{}</div>",
        block(&story(&statement))
    )?;
    let link = source_link(&path, &path, repository);
    writeln!(shown, "<p class=\"caption\">The starter: {link}</p>")?;
    writeln!(shown, "<ul class=\"checks\">")?;
    for check in &exercise.checks {
        writeln!(
            shown,
            "<li data-check=\"{}\"><span><strong>{}</strong> {}</span> \
             <span class=\"points\">{}</span></li>",
            escape(&check.id),
            inline(&check.title),
            inline(&check.expected),
            points(check.points),
        )?;
    }
    writeln!(shown, "</ul>")?;
    writeln!(
        shown,
        "<p class=\"command\"><code>cargo grade start {id}</code> and later \
         <code>cargo grade {id}</code></p>"
    )?;
    for (number, hint) in (1..).zip(&exercise.hints) {
        // What is indented in a hint is Rust.
        let hint = block(hint)
            .replace("<pre><code>", "<pre><code class=\"language-rust\">");
        writeln!(
            shown,
            "<details class=\"hint\"><summary>Hint {number}</summary>{hint}</details>",
        )?;
    }
    shown.push_str("</section>\n");
    Ok(shown)
}

fn points(points: u32) -> String {
    let plural = if points == 1 { "" } else { "s" };
    format!("{points} point{plural}")
}

/// The header without its first word and without the line on how to grade, which
/// the panel has in its own words.
fn story(header: &str) -> String {
    let text = header
        .strip_prefix("Exercise:")
        .unwrap_or(header)
        .trim_start();
    let lines = text.lines().filter(|line| !line.starts_with("Grade:"));
    let text = lines.collect::<Vec<_>>().join(
        "
",
    );
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::story;

    #[test]
    fn the_story_is_the_header_without_its_labels() {
        let header =
            "Exercise: count words.\nMore.\n\nRead: x\nGrade: cargo grade x";
        assert_eq!(story(header), "Count words.\nMore.\n\nRead: x");
    }
}

//! The mdBook preprocessor: directives become pages, problems stop the build.

use crate::check::{Chapter, Contents, Edit};
use crate::directive::{self, Directive};
use crate::outline::outline;
use crate::problem::Problems;
use crate::project::Project;
use crate::{bench, example, exercise, figures, listing, quiz, timeline};
use anyhow::{Result, bail};
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext, parse_input};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

/// The name under which `book.toml` calls the preprocessor.
pub const NAME: &str = "reader";

/// The preprocessor, for use within the reader.
#[derive(Debug, Clone)]
pub struct Pages {
    project: Project,
}

impl Pages {
    /// A preprocessor for the book of a repository.
    #[must_use]
    pub fn new(project: Project) -> Self {
        Pages { project }
    }
}

impl Preprocessor for Pages {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let url: Option<String> =
            context.config.get("output.html.git-repository-url")?;
        process(&self.project, &mut book, url.as_deref())?;
        Ok(book)
    }

    fn supports_renderer(&self, renderer: &str) -> Result<bool> {
        Ok(renderer == "html")
    }
}

/// Speaks mdBook's protocol: a context and a book come in as JSON, the book goes
/// out as JSON.
///
/// # Errors
///
/// The input is no such JSON, or the book has problems.
pub fn command(input: impl Read, output: impl Write) -> Result<()> {
    let (context, book) = parse_input(input)?;
    let project = Project::around(&context.root)?;
    let book = Pages::new(project).run(&context, book)?;
    serde_json::to_writer(output, &book)?;
    Ok(())
}

/// Expands all directives of a book, and checks all of its chapters.
///
/// # Errors
///
/// All problems of all chapters.
pub fn process(
    project: &Project,
    book: &mut Book,
    repository: Option<&str>,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut contents = Contents::default();
    for item in book.iter() {
        if let BookItem::Chapter(chapter) = item
            && let Some(path) = &chapter.path
        {
            contents.add(path, &chapter.content);
        }
    }
    let settings = example::settings(project).unwrap_or_else(|error| {
        problems.add("book/examples.toml", 1, format!("{error:#}"));
        BTreeMap::new()
    });
    book.for_each_mut(|item| {
        if let BookItem::Chapter(chapter) = item
            && let Some(path) = &chapter.path
        {
            let one = Chapter {
                project,
                contents: &contents,
                path,
                text: &chapter.content,
                repository,
            };
            chapter.content = page(&one, &settings, &mut problems);
        }
    });
    problems.into_result()
}

/// The text of one chapter with all of its directives expanded.
fn page(
    chapter: &Chapter<'_>,
    settings: &BTreeMap<String, example::Settings>,
    problems: &mut Problems,
) -> String {
    let outline = outline(chapter.text);
    let mut edits = chapter.check(&outline, problems);
    let mut examples =
        example::Page::new(chapter.project, settings, chapter.repository);
    for directive in directive::find(chapter.text) {
        let within =
            |code: &std::ops::Range<usize>| code.contains(&directive.range.start);
        if outline.code.iter().any(within) || is_stock(directive.name) {
            continue;
        }
        match expand(&directive, chapter, &mut examples) {
            Ok(shown) => edits.push((directive.range.clone(), shown)),
            Err(error) => {
                let file = Path::new("book/src").join(chapter.path);
                problems.add(file, directive.line, format!("{error:#}"));
            }
        }
    }
    apply(chapter.text, edits)
}

/// What mdBook's own preprocessor expands, after this one.
fn is_stock(name: &str) -> bool {
    matches!(name, "include" | "rustdoc_include" | "title")
}

fn expand(
    directive: &Directive<'_>,
    chapter: &Chapter<'_>,
    examples: &mut example::Page<'_>,
) -> Result<String> {
    let Directive {
        name,
        argument,
        alone,
        ..
    } = *directive;
    let project = chapter.project;
    if argument.is_empty() && name != "progress" {
        bail!("`{{{{#{name}}}}}` needs a name");
    }
    if name == "number" {
        return figures::expand(project, argument);
    }
    let block = match name {
        "example" => examples.expand(argument),
        "listing" => listing::expand(project, argument, chapter.repository),
        "exercise" => exercise::expand(project, argument, chapter.repository),
        "bench" => bench::expand(project, argument),
        "timeline" => timeline::expand(project, argument),
        "progress" => exercise::progress(project),
        "quiz" => quiz::expand(project, argument),
        _ => bail!("there is no directive `{{{{#{name}}}}}`"),
    }?;
    if !alone {
        bail!("`{{{{#{name}}}}}` must stand alone, at the start of its line");
    }
    Ok(format!("\n{block}\n"))
}

/// Makes changes to a text, the last one first, so that places stay valid.
fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut changed = text.to_owned();
    for (range, replacement) in edits {
        changed.replace_range(range, &replacement);
    }
    changed
}

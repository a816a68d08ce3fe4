//! Pages that show a file of the repository, for links into the code.

use super::site::{File, Site};
use crate::listing::language;
use crate::markup::escape;
use crate::project::{Project, is_inside};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What a chapter may link to: text in the folders that the book is about.
const FOLDERS: [&str; 7] = [
    "src",
    "examples",
    "exercises",
    "solutions",
    "benches",
    "tests",
    "book",
];
const ENDINGS: [&str; 6] = ["rs", "py", "toml", "json", "txt", "md"];

/// The page of a file; `None` if there is none, or none to be shown.
#[must_use]
pub(super) fn page(project: &Project, site: &Site, path: &str) -> Option<File> {
    let relative = Path::new(path);
    let folder = relative.components().next()?.as_os_str().to_str()?;
    let ending = relative.extension()?.to_str()?;
    let allowed = FOLDERS.contains(&folder) || path == "README.md";
    if !is_inside(relative) || !allowed || !ENDINGS.contains(&ending) {
        return None;
    }
    // A symbolic link must not lead out either.
    let real = fs::canonicalize(project.path(path)).ok()?;
    if !real.starts_with(fs::canonicalize(project.root()).ok()?) {
        return None;
    }
    let text = fs::read_to_string(real).ok()?;
    let mut content = String::new();
    let _ = write!(
        content,
        "<h1>{0}</h1>\n<div class=\"source-file\"><ol aria-hidden=\"true\">",
        escape(path),
    );
    for number in 1..=text.lines().count() {
        let _ = write!(content, "<li id=\"L{number}\"></li>");
    }
    let _ = write!(
        content,
        "</ol><pre tabindex=\"0\"><code class=\"language-{}\">{}</code></pre></div>",
        language(path),
        escape(&text),
    );
    Some(site.page(path, &content))
}

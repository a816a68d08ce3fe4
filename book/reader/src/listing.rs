//! Code by file and anchor.

use crate::directive::name_and_anchor;
use crate::markup::{fence, source_link};
use crate::project::Project;
use anyhow::{Result, bail};

/// The widest line of code that a page shows without scrolling.
pub const WIDTH: usize = 85;

/// What `{{#listing PATH:ANCHOR}}` shows: the file's name above its code.
///
/// # Errors
///
/// The file or the anchor is missing, or a line is too wide.
pub fn expand(
    project: &Project,
    argument: &str,
    repository: Option<&str>,
) -> Result<String> {
    let (path, anchor) = name_and_anchor(argument);
    let code = code(project, path, anchor)?;
    let caption = caption(path, "", repository);
    let code = fence(language(path), &code);
    Ok(format!(
        "<div class=\"listing\">\n{caption}\n\n{code}\n</div>\n"
    ))
}

/// The line above a listing: the file's name, and what it is about.
#[must_use]
pub fn caption(path: &str, about: &str, repository: Option<&str>) -> String {
    let link = source_link(path, path, repository);
    format!("<p class=\"caption\">{link} {about}</p>")
}

/// The lines of a file that a page shows.
///
/// # Errors
///
/// The file or the anchor is missing, or a line is too wide.
pub fn code(project: &Project, path: &str, anchor: Option<&str>) -> Result<String> {
    let text = project.read(path)?;
    let code = match anchor {
        Some(anchor) => anchored(&text, anchor)
            .ok_or_else(|| anyhow::anyhow!("`{path}` has no anchor `{anchor}`"))?,
        None => whole(&text),
    };
    for line in code.lines() {
        let width = line.chars().count();
        if width > WIDTH {
            bail!(
                "`{path}`: a line of {width} columns, at most {WIDTH} fit: {line}"
            );
        }
    }
    Ok(code)
}

/// The whole file, without its `//!` header and without anchor lines.
#[must_use]
pub fn whole(text: &str) -> String {
    let header = |line: &&str| line.starts_with("//!") || line.trim().is_empty();
    let lines = text.lines().skip_while(header);
    shown(lines.filter(|line| marker(line).is_none()))
}

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`, moved to the left by
/// what all of them are indented, without the lines of other anchors.
#[must_use]
pub fn anchored(text: &str, name: &str) -> Option<String> {
    let mut inside = false;
    let mut found = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match marker(line) {
            Some((true, anchor)) if anchor == name => (inside, found) = (true, true),
            Some((false, anchor)) if anchor == name => inside = false,
            Some(_) => {}
            None if inside => lines.push(line),
            None => {}
        }
    }
    let indent = |line: &&&str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let margin = filled.map(|line| indent(&line)).min().unwrap_or(0);
    let moved = lines.iter().map(|line| line.get(margin..).unwrap_or(""));
    found.then(|| shown(moved))
}

/// The header of a file: its leading `//!` lines, as Markdown.
#[must_use]
pub fn header(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let bare = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    bare.collect::<Vec<_>>().join("\n")
}

/// How a file's language is called in a fence.
#[must_use]
pub fn language(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("rs") => "rust",
        Some("py") => "python",
        Some("toml") => "toml",
        Some("json") => "json",
        Some("sh") => "bash",
        _ => "text",
    }
}

/// Whether a line is `// ANCHOR: name` (true) or `// ANCHOR_END: name` (false).
fn marker(line: &str) -> Option<(bool, &str)> {
    let comment = line.trim_start();
    let comment = comment
        .strip_prefix("//")
        .or_else(|| comment.strip_prefix('#'))?;
    let comment = comment.trim();
    if let Some(name) = comment.strip_prefix("ANCHOR:") {
        return Some((true, name.trim()));
    }
    comment
        .strip_prefix("ANCHOR_END:")
        .map(|name| (false, name.trim()))
}

fn shown<'text>(lines: impl Iterator<Item = &'text str>) -> String {
    let text = lines.collect::<Vec<_>>().join("\n");
    format!("{}\n", text.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::{anchored, header, whole};

    const FILE: &str = "//! Shows.\n//!\n//! Run: it\n\nuse a;\n\n// ANCHOR: outer\n\
                        fn main() {\n    // ANCHOR: inner\n    one();\n\n        \
                        two();\n    // ANCHOR_END: inner\n}\n// ANCHOR_END: outer\n";

    #[test]
    fn a_whole_file_has_no_header_and_no_markers() {
        let expected = "use a;\n\nfn main() {\n    one();\n\n        two();\n}\n";
        assert_eq!(whole(FILE), expected);
    }

    #[test]
    fn an_anchor_is_moved_to_the_left() {
        assert_eq!(anchored(FILE, "inner").unwrap(), "one();\n\n    two();\n");
        let outer = anchored(FILE, "outer").unwrap();
        assert!(outer.starts_with("fn main") && !outer.contains("ANCHOR"));
        assert_eq!(anchored(FILE, "none"), None);
    }

    #[test]
    fn a_header_is_markdown() {
        assert_eq!(header(FILE), "Shows.\n\nRun: it");
    }
}

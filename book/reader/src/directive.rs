//! Finding `{{#…}}` in a chapter.

use crate::problem::line_of;
use std::ops::Range;

/// One `{{#name argument}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive<'text> {
    /// What to show: `example`, `number`, …
    pub name: &'text str,
    /// Of which: everything up to the braces, trimmed.
    pub argument: &'text str,
    /// Where in the chapter it stands, braces included.
    pub range: Range<usize>,
    /// The line, counted from 1.
    pub line: usize,
    /// Whether nothing else stands on its line, not even a space before it.
    pub alone: bool,
}

/// All directives of a chapter, in order; `\{{#…}}` is none.
#[must_use]
pub fn find(text: &str) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(start) = text[position..].find("{{#").map(|at| position + at) {
        let body = start + 3;
        let Some(length) = text[body..].find("}}") else {
            break;
        };
        let inner = &text[body..body + length];
        let end = body + length + 2;
        position = body;
        if inner.contains('\n') || text[..start].ends_with('\\') {
            continue;
        }
        position = end;
        let (name, argument) =
            inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let before = text[..start].rsplit('\n').next().unwrap_or("");
        let after = text[end..].split('\n').next().unwrap_or("");
        found.push(Directive {
            name: name.trim(),
            argument: argument.trim(),
            range: start..end,
            line: line_of(text, start),
            alone: before.is_empty() && after.trim().is_empty(),
        });
    }
    found
}

/// Splits `NAME:ANCHOR` into its parts.
#[must_use]
pub fn name_and_anchor(argument: &str) -> (&str, Option<&str>) {
    match argument.split_once(':') {
        Some((name, anchor)) => (name.trim(), Some(anchor.trim())),
        None => (argument, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{find, name_and_anchor};

    #[test]
    fn finds_names_arguments_and_lines() {
        let found =
            find("a\n{{#example pool_map:map}}\nit took {{#number x.y}} here\n");
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].name, found[0].argument),
            ("example", "pool_map:map")
        );
        assert_eq!((found[0].line, found[0].alone), (2, true));
        assert_eq!((found[1].name, found[1].argument), ("number", "x.y"));
        assert_eq!((found[1].line, found[1].alone), (3, false));
    }

    #[test]
    fn leaves_alone_what_is_escaped_or_unclosed() {
        assert!(find(r"\{{#example x}}").is_empty());
        assert!(find("{{#example\nx}}").is_empty());
        assert!(find("{{#example x").is_empty());
    }

    #[test]
    fn splits_anchors() {
        assert_eq!(name_and_anchor("a:b"), ("a", Some("b")));
        assert_eq!(name_and_anchor("a"), ("a", None));
    }
}

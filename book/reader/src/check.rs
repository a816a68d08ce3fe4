//! Links, anchors, includes and fences of a chapter.
//!
//! mdBook builds a book with missing includes and broken links without a word.
//! Here they are problems, with file and line, before anything is built.

use crate::directive::{self, name_and_anchor};
use crate::listing::{WIDTH, anchored};
use crate::markup::source_link;
use crate::outline::{Fence, Link, Outline, anchors};
use crate::problem::{Problems, line_of};
use crate::project::Project;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// What the checks know about all chapters: their paths below `book/src`, and the
/// places in them that a link can lead to.
#[derive(Debug, Default)]
pub struct Contents {
    chapters: BTreeMap<PathBuf, HashSet<String>>,
}

impl Contents {
    /// Adds a chapter.
    pub fn add(&mut self, path: &Path, text: &str) {
        self.chapters.insert(path.to_owned(), anchors(text));
    }
}

/// A change to a chapter's text.
pub type Edit = (Range<usize>, String);

/// One chapter and what is needed to judge it.
#[derive(Debug)]
pub struct Chapter<'a> {
    /// The repository.
    pub project: &'a Project,
    /// All chapters.
    pub contents: &'a Contents,
    /// The chapter's path below `book/src`.
    pub path: &'a Path,
    /// The chapter's Markdown.
    pub text: &'a str,
    /// Where the repository can be read on the web.
    pub repository: Option<&'a str>,
}

impl Chapter<'_> {
    /// Notes what is wrong with the chapter, and returns the changes that turn its
    /// links to code into links of the reader.
    pub fn check(&self, outline: &Outline, problems: &mut Problems) -> Vec<Edit> {
        let mut edits = Vec::new();
        for fence in &outline.fences {
            if let Err(message) = self.fence(fence) {
                self.note(fence.start, message, problems);
            }
        }
        for link in &outline.links {
            match self.link(link) {
                Ok(edit) => edits.extend(edit),
                Err(message) => self.note(link.range.start, message, problems),
            }
        }
        for (range, html) in &outline.html {
            if let Err(message) = raw_html(html) {
                self.note(range.start, message, problems);
            }
        }
        for directive in directive::find(self.text) {
            if matches!(directive.name, "include" | "rustdoc_include")
                && let Err(message) = self.include(directive.argument)
            {
                self.note(directive.range.start, message, problems);
            }
        }
        edits
    }

    fn note(&self, offset: usize, message: String, problems: &mut Problems) {
        let file = Path::new("book/src").join(self.path);
        problems.add(file, line_of(self.text, offset), message);
    }

    /// Code comes from files that are compiled or run.
    fn fence(&self, fence: &Fence) -> Result<(), String> {
        let words: Vec<&str> = fence
            .info
            .split([',', ' '])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect();
        let language = words.first().copied().unwrap_or("");
        if let Some(norun) = words.iter().find(|word| word.starts_with("norun"))
            && norun.strip_prefix("norun=").is_none_or(str::is_empty)
        {
            return Err("`norun` needs its reason: `norun=REASON`".to_owned());
        }
        if !matches!(language, "rust" | "rs" | "python" | "py") {
            return Ok(());
        }
        let lines = fence.text.lines().filter(|line| !line.trim().is_empty());
        if words.contains(&"fragment") {
            let count = lines.clone().count();
            let wide = lines.clone().find(|line| line.chars().count() > WIDTH);
            return match wide {
                Some(line) => Err(format!("more than {WIDTH} columns: {line}")),
                None if count > 3 => Err(format!(
                    "a fragment of {count} lines, at most 3: put the code into a file"
                )),
                None => Ok(()),
            };
        }
        for line in lines {
            let line = line.trim();
            let included = line.starts_with("{{#include ")
                || line.starts_with("{{#rustdoc_include ");
            if !(included && line.ends_with("}}")) {
                return Err(format!(
                    "code typed by hand (`{line}`): include it from a file that \
                     cargo builds, or mark up to 3 lines as `{language},fragment`"
                ));
            }
        }
        Ok(())
    }

    fn include(&self, argument: &str) -> Result<(), String> {
        let (path, anchor) = name_and_anchor(argument);
        let file = self.resolve(path).ok_or_else(|| {
            format!("the included `{path}` does not lie in the repository")
        })?;
        let text = std::fs::read_to_string(self.project.root().join(&file));
        let text = text
            .map_err(|_| format!("the included `{}` is missing", file.display()))?;
        let Some(anchor) = anchor else { return Ok(()) };
        let numbers = anchor
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':');
        if numbers {
            return Err(format!(
                "`{argument}`: lines by number move when the file changes; \
                 use an anchor"
            ));
        }
        let code = anchored(&text, anchor);
        let code = code.ok_or_else(|| {
            format!("`{}` has no anchor `{anchor}`", file.display())
        })?;
        match code.lines().find(|line| line.chars().count() > WIDTH) {
            Some(line) => {
                Err(format!("`{path}`: more than {WIDTH} columns: {line}"))
            }
            None => Ok(()),
        }
    }

    fn link(&self, link: &Link) -> Result<Option<Edit>, String> {
        let target = &link.target;
        if link.is_image && link.inner.is_none() {
            return Err(format!("the image `{target}` has no text beside it"));
        }
        if target.contains("://") {
            let loads = link.is_image || !target.starts_with("https://");
            let told = "must not be loaded: nothing leaves the machine";
            return if loads {
                Err(format!("`{target}` {told}"))
            } else {
                Ok(None)
            };
        }
        if target.starts_with("mailto:") {
            return Ok(None);
        }
        let (path, fragment) = match target.split_once('#') {
            Some((path, fragment)) => (path, Some(fragment)),
            None => (target.as_str(), None),
        };
        if path.is_empty() {
            return self.place(self.path, fragment.unwrap_or("")).map(|()| None);
        }
        let file = self.resolve(path).ok_or_else(|| {
            format!("the link `{target}` leads out of the repository")
        })?;
        match file.strip_prefix("book/src") {
            Ok(chapter) if chapter.extension().is_some_and(|end| end == "md") => {
                self.place(chapter, fragment.unwrap_or("")).map(|()| None)
            }
            Ok(_) if self.project.root().join(&file).is_file() => Ok(None),
            Err(_) if self.project.root().join(&file).is_file() => {
                Ok(Some(self.source(link, &file)))
            }
            _ => Err(format!("the link `{target}` leads to nothing")),
        }
    }

    /// A link to code becomes one that the reader can serve.
    fn source(&self, link: &Link, file: &Path) -> Edit {
        let inner = link.inner.clone().unwrap_or(0..0);
        let label = &self.text[inner];
        let path = file.display().to_string();
        (
            link.range.clone(),
            source_link(&path, label, self.repository),
        )
    }

    fn place(&self, chapter: &Path, fragment: &str) -> Result<(), String> {
        let Some(anchors) = self.contents.chapters.get(chapter) else {
            return Err(format!(
                "`{}` is no chapter of the book",
                chapter.display()
            ));
        };
        if fragment.is_empty() || anchors.contains(fragment) {
            return Ok(());
        }
        let known: BTreeSet<&str> = anchors.iter().map(String::as_str).collect();
        let known: Vec<&str> = known.into_iter().collect();
        Err(format!(
            "`{}` has no heading `#{fragment}`; it has {}",
            chapter.display(),
            known.join(", ")
        ))
    }

    /// A path relative to the chapter, as one from the repository's root.
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let folder = Path::new("book/src").join(self.path.parent()?);
        let mut resolved = PathBuf::new();
        for part in folder.join(path).components() {
            match part {
                Component::Normal(name) => resolved.push(name),
                Component::ParentDir => {
                    if !resolved.pop() {
                        return None;
                    }
                }
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        Some(resolved)
    }
}

/// Scripts and styles of a chapter's own would be stopped by the reader's rules
/// for content (CSP), and would not follow the themes.
fn raw_html(html: &str) -> Result<(), String> {
    let lower = html.to_ascii_lowercase();
    for tag in ["<script", "<style", "<iframe", "<link", "<object", "<embed"] {
        if lower.contains(tag) {
            return Err(format!("`{tag}>` is not allowed in a chapter"));
        }
    }
    for word in lower.split(|byte: char| byte.is_whitespace() || byte == '<') {
        let Some((name, value)) = word.split_once('=') else {
            continue;
        };
        let handler = name.len() > 2
            && name.starts_with("on")
            && name.bytes().all(|byte| byte.is_ascii_lowercase());
        if name == "style" || handler {
            return Err(format!(
                "the attribute `{name}` is not allowed in a chapter"
            ));
        }
        if matches!(name, "src" | "srcset") && value.contains("//") {
            return Err(format!("`{name}` must not load from elsewhere"));
        }
    }
    Ok(())
}

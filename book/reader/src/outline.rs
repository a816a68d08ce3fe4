//! What a chapter's Markdown holds: code, links, HTML, and places to link to.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::HashSet;
use std::ops::Range;

/// What a chapter's Markdown holds.
#[derive(Debug, Default)]
pub struct Outline {
    /// Where code stands, inline or in a block.
    pub code: Vec<Range<usize>>,
    /// The code blocks.
    pub fences: Vec<Fence>,
    /// The links and images.
    pub links: Vec<Link>,
    /// The raw HTML, with its places.
    pub html: Vec<(Range<usize>, String)>,
}

/// A code block.
#[derive(Debug)]
pub struct Fence {
    /// What stands behind the opening fence.
    pub info: String,
    /// The code.
    pub text: String,
    /// Where it begins.
    pub start: usize,
}

/// A link or an image.
#[derive(Debug)]
pub struct Link {
    /// Where it leads, or what it shows.
    pub target: String,
    /// Whether it is an image.
    pub is_image: bool,
    /// Where all of it stands.
    pub range: Range<usize>,
    /// Where its words stand, if it has any.
    pub inner: Option<Range<usize>>,
}

/// The Markdown extensions that mdBook turns on.
#[must_use]
pub fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_SMART_PUNCTUATION
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// Reads what a chapter holds.
#[must_use]
pub fn outline(text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut fence: Option<Fence> = None;
    let mut open: Vec<Link> = Vec::new();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let closes = matches!(event, Event::End(TagEnd::Link | TagEnd::Image));
        if let (Some(link), false) = (open.last_mut(), closes) {
            let start = link.inner.as_ref().map_or(range.start, |inner| inner.start);
            link.inner = Some(start..range.end);
        }
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                fence = Some(Fence {
                    info,
                    text: String::new(),
                    start: range.start,
                });
                outline.code.push(range);
            }
            Event::End(TagEnd::CodeBlock) => outline.fences.extend(fence.take()),
            Event::Text(part) => {
                if let Some(fence) = &mut fence {
                    fence.text.push_str(&part);
                }
            }
            Event::Code(_) => outline.code.push(range),
            Event::Html(part) | Event::InlineHtml(part) => {
                outline.html.push((range, part.to_string()));
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let target = dest_url.to_string();
                open.push(Link {
                    target,
                    is_image: false,
                    range,
                    inner: None,
                });
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let target = dest_url.to_string();
                open.push(Link {
                    target,
                    is_image: true,
                    range,
                    inner: None,
                });
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let closed = open.pop();
                if let (Some(outer), Some(inner)) = (open.last_mut(), &closed) {
                    let within = outer.inner.as_ref().unwrap_or(&inner.range);
                    let start = within.start;
                    outer.inner = Some(start..inner.range.end);
                }
                outline.links.extend(closed);
            }
            _ => {}
        }
    }
    outline
}

/// The places in a chapter that a link can lead to: headings, terms, and `id`s.
#[must_use]
pub fn anchors(text: &str) -> HashSet<String> {
    let mut all = HashSet::new();
    let mut used = HashSet::new();
    let mut heading: Option<(Option<String>, String)> = None;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                heading = Some((id.map(|id| id.to_string()), String::new()));
            }
            Event::Start(Tag::DefinitionListTitle) => {
                heading = Some((None, String::new()));
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_) | TagEnd::DefinitionListTitle) => {
                if let Some((id, words)) = heading.take() {
                    all.insert(
                        id.unwrap_or_else(|| unique(&slug(&words), &mut used)),
                    );
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for rest in html.split(" id=\"").skip(1) {
                    all.extend(rest.split('"').next().map(str::to_owned));
                }
            }
            _ => {}
        }
    }
    all
}

/// The id that mdBook gives to a heading.
fn slug(words: &str) -> String {
    let lower = words.trim().to_lowercase();
    let kept = lower.chars().filter_map(|character| match character {
        space if space.is_whitespace() => Some('-'),
        letter if letter.is_alphanumeric() || "_-".contains(letter) => Some(letter),
        _ => None,
    });
    kept.collect()
}

/// mdBook numbers the second and later headings of one name.
fn unique(id: &str, used: &mut HashSet<String>) -> String {
    let numbered = (1..).map(|number| format!("{id}-{number}"));
    let mut candidates = std::iter::once(id.to_owned()).chain(numbered);
    let free = candidates.find(|candidate| used.insert(candidate.clone()));
    free.expect("the numbers never end")
}

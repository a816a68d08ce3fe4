//! Escaping, and small pieces of HTML.

use pulldown_cmark::{Event, Options, Parser, html};

/// Escapes text for HTML, inside and outside of attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Turns a short Markdown text into HTML; a single paragraph loses its `<p>`.
#[must_use]
pub fn inline(markdown: &str) -> String {
    let rendered = block(markdown);
    match rendered
        .strip_prefix("<p>")
        .and_then(|rest| rest.strip_suffix("</p>"))
    {
        Some(only) if !only.contains("<p>") => only.to_owned(),
        _ => rendered,
    }
}

/// Turns Markdown into HTML without blank lines, so that it can stand inside an
/// HTML block of a chapter (which a blank line would end).
#[must_use]
pub fn block(markdown: &str) -> String {
    // Quotes and dashes as mdBook sets them in the chapter around.
    let options = Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION;
    let events = Parser::new_ext(markdown, options);
    let shown = events.map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    });
    let mut rendered = String::new();
    html::push_html(&mut rendered, shown);
    while rendered.contains("\n\n") {
        rendered = rendered.replace("\n\n", "&#10;\n");
    }
    rendered.trim().to_owned()
}

/// A fenced code block, with a fence longer than any inside the text.
#[must_use]
pub fn fence(language: &str, text: &str) -> String {
    let mut longest = 0;
    let mut current = 0;
    for character in text.chars() {
        current = if character == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    let ticks = "`".repeat(longest.max(2) + 1);
    format!(
        "{ticks}{language}\n{}\n{ticks}\n",
        text.trim_end_matches('\n')
    )
}

/// A link to a file of the repository. It leads to the repository's own page of
/// the file, if it has one; the reader's script leads it to its own.
#[must_use]
pub fn source_link(path: &str, label: &str, repository: Option<&str>) -> String {
    let path = escape(path);
    let address = match repository {
        Some(url) => {
            let url = url.trim_end_matches('/');
            format!(" href=\"{}/blob/main/{path}\"", escape(url))
        }
        None => String::new(),
    };
    format!("<a class=\"source\"{address} data-source=\"{path}\">{label}</a>")
}

#[cfg(test)]
mod tests {
    use super::{block, escape, fence, inline};

    #[test]
    fn markup_in_text_is_escaped() {
        assert_eq!(
            escape("<a href='x'>&\""),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"
        );
        assert_eq!(
            inline("see <b>`Vec<u8>`"),
            "see &lt;b&gt;<code>Vec&lt;u8&gt;</code>"
        );
    }

    #[test]
    fn a_block_has_no_blank_line() {
        let shown = block("one\n\n```text\na\n\nb\n```\n");
        assert!(!shown.contains("\n\n"), "{shown}");
        assert!(shown.contains("a&#10;\nb"), "{shown}");
    }

    #[test]
    fn a_fence_is_longer_than_those_inside() {
        assert_eq!(fence("text", "```\n"), "````text\n```\n````\n");
    }
}

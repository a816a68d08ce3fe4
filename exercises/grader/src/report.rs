//! Grades as files: for programs, for build servers, for people.
//!
//! # Layout
//!
//! - `html`: a page that is readable as it is
//! - `json`: everything, in a versioned format
//! - `junit`: what build servers show

mod html;
mod json;
mod junit;

pub use html::{class_page, learner_page};
pub use json::{Report, json};
pub use junit::junit;

/// A text with the five characters of HTML and XML that mean something there
/// replaced, and without those that XML does not allow.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_what_means_something() {
        assert_eq!(
            escape("<a b='\"'>&\u{1b}"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;\u{fffd}"
        );
    }
}

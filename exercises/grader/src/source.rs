//! Names in an answer's code.

/// Whether one of `names` stands in the code, comments and texts apart.
#[must_use]
pub fn mentions<'a>(source: &str, names: &'a [String]) -> Option<&'a String> {
    let code = code_of(source);
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words: Vec<&str> = code.split(|letter| !word(letter)).collect();
    names.iter().find(|name| words.contains(&name.as_str()))
}

/// The source without comments and string literals.
fn code_of(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if letter == '"' {
            text_literal(rest)
        } else if rest.starts_with("'\"'") {
            3 // a character literal that is a quotation mark
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            raw_literal(rest)
        } else {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[length..];
    }
    code
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn text_literal(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#` and so on; `r#name` is a name, of which only `r#` is passed.
fn raw_literal(text: &str) -> usize {
    let marks = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    let start = 1 + marks;
    if text.as_bytes().get(start) != Some(&b'"') {
        return start;
    }
    let close = format!("\"{}", "#".repeat(marks));
    let end = text[start + 1..].find(&close);
    end.map_or(text.len(), |at| start + 1 + at + close.len())
}

#[cfg(test)]
mod tests {
    use super::mentions;

    fn pool_in(source: &str) -> bool {
        mentions(source, &["Pool".to_owned()]).is_some()
    }

    #[test]
    fn finds_names_in_code() {
        assert!(pool_in("use multiproc::{Pool, Process};"));
        assert!(pool_in("let p = multiproc::r#Pool::new(2);"));
        assert!(pool_in("let quote = '\"'; Pool::new(2)"));
        assert!(pool_in("/* a /* b */ c */ Pool"));
    }

    #[test]
    fn passes_over_comments_texts_and_longer_names() {
        assert!(!pool_in("// a Pool would do\n/* Pool */ let x = \"Pool\";"));
        assert!(!pool_in("struct MyPool; let Pooling = 1;"));
        assert!(!pool_in("let x = r#\"Pool \" Pool\"#;"));
    }
}

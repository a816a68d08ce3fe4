//! Names in an answer's code.

/// Whether one of `names` stands in the code, comments and texts apart. A name
/// that begins with a dot is that of a method, and counts where it is called.
#[must_use]
pub fn mentions<'a>(source: &str, names: &'a [String]) -> Option<&'a String> {
    let code = code_of(source);
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words: Vec<&str> = code.split(|letter| !word(letter)).collect();
    let close: String = code.split_whitespace().collect();
    let is_called = |method: &str| {
        close.contains(&format!(".{method}("))
            || close.contains(&format!("::{method}("))
    };
    names.iter().find(|name| match name.strip_prefix('.') {
        Some(method) => is_called(method),
        None => words.contains(&name.as_str()),
    })
}

/// What the `todo!` in this line of the source says about itself; empty if nothing.
#[must_use]
pub fn todo_text(source: &str, line: usize) -> &str {
    let start = source.split_inclusive('\n').take(line.saturating_sub(1));
    let rest = &source[start.map(str::len).sum()..];
    let Some((_, after)) = rest.split_once("todo!(") else {
        return "";
    };
    let text = after.trim_start();
    match text.strip_prefix('"') {
        Some(inner) => inner
            .get(..text_literal(text).saturating_sub(2))
            .unwrap_or_default(),
        None => "",
    }
}

/// What makes a compiler read other files, or its environment, or hides that.
const READING: [&str; 7] = [
    "include",
    "include_bytes",
    "include_str",
    "option_env",
    "asm",
    "global_asm",
    "macro_rules",
];

/// What of the code makes the compiler read more than the source itself, and so can
/// bring in what the answer's author may not see; `None` if nothing does.
#[must_use]
pub fn reads_more(source: &str) -> Option<&'static str> {
    let code = code_of(source);
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut rest = code.as_str();
    while let Some(start) = rest.find(word) {
        rest = &rest[start..];
        let end = rest.find(|letter| !word(letter)).unwrap_or(rest.len());
        let (found, after) = rest.split_at(end);
        let next = after.trim_start();
        if let Some(reading) = READING.into_iter().find(|name| *name == found) {
            return Some(reading);
        }
        if found == "env" && (next.starts_with('!') || next.starts_with("as ")) {
            return Some("env!");
        }
        // A module's code must be in braces, not in a file of its own.
        let body = next.trim_start_matches(word).trim_start();
        if found == "mod" && !body.starts_with('{') {
            return Some("mod");
        }
        rest = after;
    }
    None
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
        } else if rest.starts_with("'\\") {
            escaped_character(rest)
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

/// `'\\n'`, `'\\''` and so on.
fn escaped_character(text: &str) -> usize {
    let end = text.char_indices().skip(3).find(|(_, it)| *it == '\'');
    end.map_or(text.len(), |(at, _)| at + 1)
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
    use super::{mentions, reads_more, todo_text};

    fn pool_in(source: &str) -> bool {
        mentions(source, &["Pool".to_owned()]).is_some()
    }

    #[test]
    fn finds_names_in_code() {
        assert!(pool_in("use multiproc::{Pool, Process};"));
        assert!(pool_in("let p = multiproc::r#Pool::new(2);"));
        assert!(pool_in("let quote = '\"'; Pool::new(2)"));
        assert!(pool_in("/* a /* b */ c */ Pool"));
        assert!(pool_in(r#"let quote = '\"'; Pool::new("2")"#));
    }

    #[test]
    fn passes_over_comments_texts_and_longer_names() {
        assert!(!pool_in("// a Pool would do\n/* Pool */ let x = \"Pool\";"));
        assert!(!pool_in("struct MyPool; let Pooling = 1;"));
        assert!(!pool_in("let x = r#\"Pool \" Pool\"#;"));
    }

    #[test]
    fn a_method_counts_where_it_is_called() {
        let calls = |source| mentions(source, &[".output".to_owned()]).is_some();
        assert!(calls("command.arg(\"x\")\n    .output()?"));
        assert!(calls("Command::output(&mut command)"));
        assert!(!calls(
            "let mut output = Vec::new(); f(output); outcome.output"
        ));
    }

    #[test]
    fn a_todo_says_what_is_missing() {
        let source = "// a todo!(\"first\")\nlet x = 1;\n    todo!(\n  \"a \\\"b\\\" {}\", x)\n";
        assert_eq!(todo_text(source, 1), "first");
        assert_eq!(todo_text(source, 3), "a \\\"b\\\" {}");
        assert_eq!(todo_text("todo!()", 1), "");
        assert_eq!(todo_text("one line", 7), "");
    }

    #[test]
    fn finds_what_makes_the_compiler_read_files() {
        for (source, found) in [
            (
                r#"const A: &str = include_str!("/etc/passwd");"#,
                "include_str",
            ),
            (r#"use std::include_bytes as b;"#, "include_bytes"),
            (r#"let quote = '\"'; include!("x.rs")"#, "include"),
            (r#"#[path = "/etc/passwd"] mod secret;"#, "mod"),
            (r#"let home = env !("HOME");"#, "env!"),
            (r"use std::env as e;", "env!"),
            (r"macro_rules! m { ($i:ident) => { $i!() } }", "macro_rules"),
        ] {
            assert_eq!(reads_more(source), Some(found), "{source}");
        }
    }

    #[test]
    fn lets_pass_what_reads_nothing() {
        for source in [
            "let me = std::env::current_exe(); // include_str!",
            "mod inner { pub fn module() {} } let include_it = \"mod x;\";",
        ] {
            assert_eq!(reads_more(source), None, "{source}");
        }
    }
}

//! Makes two runs of one program comparable: process ids and times differ.

/// Replaces the word after `pid` or `process` if it is a number, and the word after
/// `took`. Different ids stay different: each becomes the order of its first use.
pub(crate) fn normal(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            let number =
                word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
            let rest = &word[number.len()..];
            let is_id =
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            words.push(match words.last().map(String::as_str) {
                Some("pid" | "process") if is_id => {
                    format!("#{}{rest}", position(&mut ids, number))
                }
                Some("took") => format!("(time){rest}"),
                _ => word.to_string(),
            });
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

/// Where `id` stands in `ids`, from 1; a new one is put at the end.
fn position(ids: &mut Vec<String>, id: &str) -> usize {
    if let Some(index) = ids.iter().position(|known| known == id) {
        return index + 1;
    }
    ids.push(id.to_string());
    ids.len()
}

/// Python writes some values in another way than Rust's `{}` and `{:?}`.
pub(crate) fn normal_python(text: &str) -> String {
    normal(text)
        .replace("True", "true")
        .replace("False", "false")
}

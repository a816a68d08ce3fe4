//! A diary that every process writes to, for pictures of a run.
//!
//! With `MULTIPROC_TRACE=FILE` set, each process appends events to the file, one
//! line each, in Chrome's trace format. Perfetto and `chrome://tracing` open it,
//! and the book draws its timelines from it. A line is written by one call, so
//! the lines of several processes do not mix; a process that is killed leaves
//! the beginning of what it was doing.

use std::fmt::{Display, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::OnceLock;

use rustix::time::ClockId;

/// The environment variable that names the file.
const VARIABLE: &str = "MULTIPROC_TRACE";

static DIARY: OnceLock<Option<File>> = OnceLock::new();

/// Opens the diary of this process; the main program begins a new one.
pub(crate) fn open(process: &str, is_worker: bool) {
    DIARY.get_or_init(|| {
        let path = std::env::var_os(VARIABLE)?;
        if !is_worker {
            // The array is never closed: the format allows it, and so a
            // process can be killed at any time.
            std::fs::write(&path, "[\n").ok()?;
        }
        OpenOptions::new().append(true).open(path).ok()
    });
    event("M", "process", "process_name", Some(process));
}

/// Notes that something happens at this moment.
pub(crate) fn instant(category: &str, name: impl Display) {
    if is_on() {
        event("i", category, name, None);
    }
}

/// Notes that something begins; it ends when the returned value is dropped.
pub(crate) fn span(category: &'static str, name: impl Display) -> Span {
    if is_on() {
        event("B", category, name, None);
    }
    Span { category }
}

/// Something that is under way.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub(crate) struct Span {
    category: &'static str,
}

impl Drop for Span {
    fn drop(&mut self) {
        if is_on() {
            event("E", self.category, "", None);
        }
    }
}

fn is_on() -> bool {
    matches!(DIARY.get(), Some(Some(_)))
}

fn event(phase: &str, category: &str, name: impl Display, process: Option<&str>) {
    let Some(Some(diary)) = DIARY.get() else {
        return;
    };
    let time = rustix::time::clock_gettime(ClockId::Monotonic);
    let microseconds = time.tv_sec * 1_000_000 + time.tv_nsec / 1_000;
    let mut line = format!(
        r#"{{"ph":"{phase}","cat":"{category}","ts":{microseconds},"pid":{},"tid":{},"name":"#,
        std::process::id(),
        rustix::thread::gettid(),
    );
    push_text(&mut line, &name.to_string());
    if let Some(process) = process {
        line.push_str(r#","args":{"name":"#);
        push_text(&mut line, process);
        line.push('}');
    }
    line.push_str("},\n");
    // A diary that cannot be written must not stop the program.
    let _ = (&*diary).write_all(line.as_bytes());
}

/// Appends a JSON string.
fn push_text(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            plain => line.push(plain),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted() {
        let mut line = String::new();
        push_text(&mut line, "a \"b\" \\ \n é");
        assert_eq!(line, r#""a \"b\" \\ \u000a é""#);
    }
}

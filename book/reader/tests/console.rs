//! Every command that a chapter shows does what the chapter shows.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A command, and the lines that are shown below it.
struct Shown {
    place: String,
    command: String,
    lines: Vec<String>,
}

/// The commands of all `console` fences, but for those marked `norun=REASON`.
fn commands(root: &Path) -> Vec<Shown> {
    let mut all = Vec::new();
    let mut pages: Vec<_> = fs::read_dir(root.join("book/src"))
        .unwrap()
        .map(|page| page.unwrap().path())
        .collect();
    pages.sort();
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        let text = fs::read_to_string(page).unwrap();
        let mut inside = false;
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with("```") {
                inside = line == "```console";
            } else if inside && let Some(command) = line.strip_prefix("$ ") {
                let place = format!("{}:{number}", page.display());
                all.push(Shown {
                    place,
                    command: command.to_owned(),
                    lines: Vec::new(),
                });
            } else if inside && let Some(shown) = all.last_mut() {
                shown.lines.push(line.to_owned());
            }
        }
    }
    all
}

/// Process ids and times differ from run to run.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for letter in line.trim_end().chars() {
        match letter {
            '0'..='9' if masked.ends_with('#') => {}
            '0'..='9' => masked.push('#'),
            other => masked.push(other),
        }
    }
    masked
}

#[test]
fn commands_do_what_they_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let all = commands(&root);
    assert!(!all.is_empty(), "no command was found");
    for Shown {
        place,
        command,
        lines,
    } in all
    {
        let output = Command::new("bash")
            .args(["-c", &command])
            .current_dir(&root)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{place}: {command}\n{said}{complaint}"
        );
        let said: Vec<String> = said.lines().map(masked).collect();
        let shown: Vec<String> = lines.iter().map(|line| masked(line)).collect();
        // A listing may leave out lines, with an ellipsis in their place.
        let mut rest = said.iter();
        for line in shown.iter().filter(|line| !line.is_empty() && *line != "…") {
            assert!(
                rest.any(|other| other == line),
                "{place}: {command} does not print `{line}` there, but\n{said:#?}"
            );
        }
    }
}

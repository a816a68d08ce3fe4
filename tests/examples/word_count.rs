//! `pool_word_count` against `wc -w`, and over what cannot be read.

use crate::build::{program, root};
use crate::run::{Finished, run};
use crate::{Outcome, named, same};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        named("pool_word_count", "agrees_with_wc_on_the_sample", sample),
        named(
            "pool_word_count",
            "agrees_with_wc_on_hostile_bytes",
            hostile,
        ),
        named("pool_word_count", "cuts_no_character_in_two", cuts),
        named("pool_word_count", "names_what_it_cannot_read", unreadable),
        named("pool_word_count", "follows_no_links_in_folders", links),
    ]
}

fn word_count(paths: &[&Path]) -> Result<Finished, String> {
    run(Command::new(program("pool_word_count")?).args(paths))
}

/// The count on the line that ends with `name`.
fn counted(finished: &Finished, name: &str) -> Option<u64> {
    let line = finished.stdout.lines().find(|line| line.ends_with(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A new, empty folder for one test.
fn folder(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|problem| problem.to_string())?;
    Ok(folder)
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes).map_err(|problem| problem.to_string())
}

fn sample() -> Outcome {
    let sample = root().join("examples/data/texts");
    let ours = word_count(&[&sample])?;
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![sample];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).map_err(|problem| problem.to_string())? {
            let path = entry.map_err(|problem| problem.to_string())?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let theirs = run(Command::new("wc")
        .arg("-w")
        .args(&files)
        .env("LC_ALL", "C.UTF-8"))?;
    same("files", ours.stdout.lines().count(), files.len() + 1)?;
    for name in files.iter().filter_map(|path| path.file_name()?.to_str()) {
        same(name, counted(&ours, name), counted(&theirs, name))?;
    }
    same("total", counted(&ours, "total"), counted(&theirs, "total"))
}

/// What `wc -w` of GNU coreutils 9.1 says; later versions count bytes that are not
/// UTF-8, and characters that do not print, as parts of words.
fn hostile() -> Outcome {
    let cases: &[(&[u8], u64)] = &[
        (b"", 0),
        (b" \t\n\x0b\x0c\r", 0),
        (b"a\tb\x0bc\x0cd\re\nf g", 7),
        (b"\x00 \x01 \x1f \x7f", 0),
        (b"a\x00b", 1),
        (b"\xff \xfe", 0),
        (b"a\xffb \xff c", 2),
        (b"\xe2\x82", 0),
        (b"\xe2\x82 a", 1),
        (b"\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80", 0),
        ("a\u{a0}b\u{2007}c\u{202f}d\u{2060}e".as_bytes(), 5),
        ("a\u{3000}b\u{1680}c\u{2003}d".as_bytes(), 4),
        ("a\u{2028}b\u{2029}c\u{85}d".as_bytes(), 1),
        ("\u{2028} \u{85} \u{9f}".as_bytes(), 0),
        ("\u{feff} \u{200b} \u{ad} \u{301} \u{e000}".as_bytes(), 5),
        ("\u{378} \u{ffff} \u{10ffff}".as_bytes(), 0),
        ("\" ' \\ é 日本 😀".as_bytes(), 6),
    ];
    let folder = folder("word_count_hostile")?;
    for (index, (bytes, _)) in cases.iter().enumerate() {
        write(&folder.join(format!("case{index:02}")), bytes)?;
    }
    let finished = word_count(&[&folder])?;
    for (index, (bytes, words)) in cases.iter().enumerate() {
        let name = format!("case{index:02}");
        let what = format!("{name}, {}", bytes.escape_ascii());
        same(&what, counted(&finished, &name), Some(*words))?;
    }
    same("status", finished.status.code(), Some(0))
}

/// Characters of two to four bytes at every place around the end of a piece.
fn cuts() -> Outcome {
    let folder = folder("word_count_cuts")?;
    for before in 65_528..65_540 {
        let mut bytes = vec![b'.'; before];
        bytes.extend_from_slice("é日😀\u{a0}é日😀".as_bytes());
        write(&folder.join(before.to_string()), &bytes)?;
    }
    let finished = word_count(&[&folder])?;
    same("total", counted(&finished, "total"), Some(24))
}

fn unreadable() -> Outcome {
    let folder = folder("word_count_unreadable")?;
    let good = folder.join("good.txt");
    let missing = folder.join("missing.txt");
    write(&good, b"three good words")?;
    let finished = word_count(&[&missing, Path::new("/dev/null"), &good])?;
    same("status", finished.status.code(), Some(1))?;
    same("good", counted(&finished, "good.txt"), Some(3))?;
    same("total", counted(&finished, "total"), Some(3))?;
    for name in ["missing.txt", "/dev/null"] {
        let lines = finished.stderr.lines().filter(|line| line.contains(name));
        same(name, lines.count(), 1)?;
    }
    Ok(())
}

fn links() -> Outcome {
    let folder = folder("word_count_links")?;
    let inner = folder.join("inner");
    fs::create_dir(&inner).map_err(|problem| problem.to_string())?;
    write(&inner.join("text"), b"two words")?;
    for (target, name) in [(&folder, "upwards"), (&inner.join("text"), "again")] {
        symlink(target, inner.join(name)).map_err(|problem| problem.to_string())?;
    }
    let finished = word_count(&[&folder])?;
    same("status", finished.status.code(), Some(0))?;
    same("total", counted(&finished, "total"), Some(2))
}

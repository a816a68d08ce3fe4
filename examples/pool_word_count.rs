//! Counts the words of files and folders, several files at a time.
//!
//! The counts agree with `LC_ALL=C.UTF-8 wc -w` of GNU coreutils 9.1: a word is a
//! run of printing characters, white space (the non-breaking kind too) ends it,
//! and what neither prints nor is white space (control characters, bytes that are
//! not UTF-8) is passed over. Only characters that are newer than the C library's
//! tables, Unicode 14, may count differently. In folders, links are not followed.
//!
//! What cannot be read is named, the rest is counted, and the exit status is 1.
//!
//! Chapter: pool
//! Run: `cargo run --example pool_word_count -- README.md book/src`

use multiproc::Pool;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::iter::successors;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");
const PIECE: usize = 64 * 1024;

fn main() -> ExitCode {
    multiproc::init();

    let mut paths: Vec<PathBuf> =
        env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(Path::new(PROJECT).join("examples/data/texts"));
    }
    match run(paths) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("pool_word_count: {}", told(&*problem));
            ExitCode::from(2)
        }
    }
}

// ANCHOR: run
/// Prints each file's count and the total; says whether everything was counted.
fn run(paths: Vec<PathBuf>) -> Result<bool, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut complete = true;
    for path in paths {
        complete &= collect_files(path, &mut files);
    }

    let pool = Pool::builder().build()?; // as many workers as there are cores
    let names = files.iter().map(|file| file.as_os_str().to_owned());
    let mut output = io::stdout().lock();
    let mut total = 0;
    // Results come in the order of `files`, each as soon as it is there.
    for (file, outcome) in files.iter().zip(pool.imap(count_words, names)?) {
        match outcome {
            Ok(Ok(words)) => {
                total += words;
                let shown = file.strip_prefix(PROJECT).unwrap_or(file);
                writeln!(output, "{words:8} {}", shown.display())?;
            }
            // The worker could not read the file ...
            Ok(Err(problem)) => complete = complain(file, problem),
            // ... or it died over it: the other files are counted all the same.
            Err(problem) => complete = complain(file, told(&problem)),
        }
    }
    writeln!(output, "{total:8} total")?;
    Ok(complete)
}
// ANCHOR_END: run

/// The problem, and what caused it.
fn told(problem: &dyn Error) -> String {
    let causes = successors(Some(problem), |&cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

fn complain(path: &Path, problem: impl Display) -> bool {
    eprintln!("pool_word_count: {}: {problem}", path.display());
    false
}

/// Adds `path`, or all files below it in the order of their names, to `files`.
fn collect_files(path: PathBuf, files: &mut Vec<PathBuf>) -> bool {
    match fs::metadata(&path) {
        Ok(found) if found.is_dir() => match sorted_entries(&path) {
            Ok(entries) => entries.into_iter().fold(true, |complete, entry| {
                complete & collect_files(entry, files)
            }),
            Err(problem) => complain(&path, problem),
        },
        Ok(found) if found.is_file() => {
            files.push(path);
            true
        }
        Ok(_) => complain(&path, "neither a file nor a folder"),
        Err(problem) => complain(&path, problem),
    }
}

/// The files and folders in `folder`: no links, devices or sockets.
fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() || kind.is_dir() {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

// ANCHOR: count
/// Runs in a worker. Only the name and the number travel, never the text.
fn count_words(name: OsString) -> Result<u64, String> {
    count_in_file(Path::new(&name)).map_err(|problem| problem.to_string())
}
// ANCHOR_END: count

/// Reads in pieces: a file of any size costs the same memory.
fn count_in_file(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; PIECE];
    let mut unfinished = 0; // bytes of a character that the last piece cut in two
    let mut counter = WordCounter::default();
    loop {
        let read = match file.read(&mut buffer[unfinished..]) {
            Ok(0) => return Ok(counter.words),
            Ok(read) => read,
            Err(problem) if problem.kind() == ErrorKind::Interrupted => continue,
            Err(problem) => return Err(problem),
        };
        let filled = unfinished + read;
        unfinished = counter.count(&buffer[..filled]);
        buffer.copy_within(filled - unfinished..filled, 0);
    }
}

#[derive(Default)]
struct WordCounter {
    words: u64,
    in_word: bool,
}

impl WordCounter {
    /// Counts the words that begin in `bytes`; returns how many bytes at the end
    /// may belong to a character that goes on in the next piece.
    fn count(&mut self, bytes: &[u8]) -> usize {
        let mut invalid: &[u8] = &[];
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_separator(character) {
                    self.in_word = false;
                } else if !self.in_word && is_printing(character) {
                    self.in_word = true;
                    self.words += 1;
                }
            }
            invalid = chunk.invalid();
        }
        match str::from_utf8(invalid) {
            Err(problem) if problem.error_len().is_none() => invalid.len(),
            _ => 0,
        }
    }
}

/// White space of the C library, and the four that do not break lines.
fn is_separator(character: char) -> bool {
    match character {
        '\u{85}' | '\u{2028}' | '\u{2029}' => false, // do not print, so passed over
        '\u{2060}' => true,
        _ => character.is_whitespace(),
    }
}

/// `Debug` escapes what does not print; it also escapes quotes, marks that
/// combine with the character before them, private use and format characters.
fn is_printing(character: char) -> bool {
    match character {
        '"' | '\'' | '\\' => true,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' => true,
        '\u{100000}'..='\u{10fffd}' => true,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' => true,
        '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{180e}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2061}'..='\u{2064}' | '\u{2066}'..='\u{206f}' => true,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' => true,
        '\u{13430}'..='\u{13438}' | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}' => true,
        _ if character.escape_debug().len() == 1 => true,
        _ => format!("a{character}").escape_debug().count() == 2,
    }
}

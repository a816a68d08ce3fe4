//! Exercise: find the files that have the same content, in whole folder trees, with
//! `workers` processes. Four steps, each worth points: the right answer; in parallel;
//! right also when a worker is killed; and nothing that cannot be read is passed over.
//!
//! Read:  the chapter "Capstone"
//! Grade: cargo grade capstone_duplicates

use std::error::Error;
use std::fs;
use std::path::Path;

use probe::work::checksum;
use serde::Serialize;

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Groups of files with the same content: the paths of each group sorted, and the
    /// groups sorted. A file without a double is in none.
    duplicates: Vec<Vec<String>>,
    /// Paths that could not be read, sorted.
    unreadable: Vec<String>,
}

/// Reads a file: the checksum and the length of its content. Two files with the same
/// digest count as equal. Call it once for each file, in a worker.
fn digest(path: String) -> Result<(u32, u64), String> {
    let bytes = fs::read(&path).map_err(|problem| problem.to_string())?;
    probe::point("digest", bytes.len() as i64); // the grader may kill the worker here
    Ok((checksum(&bytes), bytes.len() as u64))
}

/// Adds all files below `path` to `files`, and what cannot be read to `unreadable`.
fn collect(path: &Path, files: &mut Vec<String>, unreadable: &mut Vec<String>) {
    let name = path.display().to_string();
    if path.is_file() {
        return files.push(name);
    }
    match fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .for_each(|entry| collect(&entry.path(), files, unreadable)),
        Err(_) => unreadable.push(name),
    }
}

/// Finds the files of the same content below the folders `roots`.
fn find(roots: &[String], workers: usize) -> Result<Report, Box<dyn Error>> {
    // TODO: collect the files, and let a pool of workers digest them.
    // TODO: a file whose worker was killed has done nothing wrong: digest it again.
    // TODO: put files of the same digest into groups; report what could not be read.
    todo!("look through {roots:?} with {workers} workers")
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (roots, workers) = probe::given((vec!["examples".to_string()], 2));
    probe::answer(&find(&roots, workers)?);
    Ok(())
}

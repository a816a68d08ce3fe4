//! Solution: `imap` gives one outcome a file, so a killed worker costs one entry, which
//! is digested again, and a file that cannot be read is a result like any other. Only
//! names and digests travel; the contents stay where they are read.
//!
//! With `map`, the first failure would be all that is left. To compare contents in the
//! parent would move every byte through a pipe.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use multiproc::Pool;
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
        files.push(name);
        return;
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
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for root in roots {
        collect(Path::new(root), &mut files, &mut unreadable);
    }
    let pool = Pool::new(workers)?;
    let mut groups: BTreeMap<(u32, u64), Vec<String>> = BTreeMap::new();
    let outcomes = pool.imap(digest, files.clone())?;
    for (file, outcome) in files.into_iter().zip(outcomes) {
        let digested = match outcome {
            Ok(digested) => digested,
            Err(_) => pool.apply(digest, file.clone())?, // its worker was killed
        };
        match digested {
            Ok(digest) => groups.entry(digest).or_default().push(file),
            Err(_) => unreadable.push(file),
        }
    }
    pool.close();
    Ok(report(groups.into_values(), unreadable))
}

/// Sorts what was found.
fn report(
    groups: impl Iterator<Item = Vec<String>>,
    mut unreadable: Vec<String>,
) -> Report {
    let mut duplicates: Vec<Vec<String>> =
        groups.filter(|group| group.len() > 1).collect();
    duplicates.iter_mut().for_each(|group| group.sort());
    duplicates.sort();
    unreadable.sort();
    Report {
        duplicates,
        unreadable,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (roots, workers) = probe::given((vec!["examples".to_string()], 2));
    probe::answer(&find(&roots, workers)?);
    Ok(())
}

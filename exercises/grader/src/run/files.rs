//! What an answer has written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// No more of a file than this is kept.
const KEPT: u64 = 8 << 20;

/// The names in a folder.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The files below a folder, by their path from there on.
pub(super) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            // A link is not followed: it may lead anywhere.
            let Ok(data) = path.symlink_metadata() else {
                continue;
            };
            if data.is_dir() {
                ahead.push(path);
            } else if data.is_file() && data.len() <= KEPT {
                let name = path.strip_prefix(folder).unwrap_or(&path);
                let name = name.to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

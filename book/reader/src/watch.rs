//! Notices when something changes that the pages show.

use crate::project::Project;
use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something that the pages are made of.
    Pages,
    /// A learner's answer, or a grade.
    Grades,
}

/// Follows the files until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// An editor writes a file in several steps; they are one change.
const PAUSE: Duration = Duration::from_millis(100);

impl Watch {
    /// Starts to follow the files of a repository.
    ///
    /// # Errors
    ///
    /// The system's way to follow files is not there or has no room.
    pub fn start(project: &Project) -> Result<(Watch, mpsc::Receiver<Change>)> {
        let (noticed, mut events) = mpsc::unbounded_channel();
        let root = project.root().to_owned();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<Event>| {
                let Ok(event) = event else { return };
                // Reading a file is an event too; counting it would make every build
                // the cause of the next.
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                for path in &event.paths {
                    let path = path.strip_prefix(&root).unwrap_or(path);
                    if let Some(change) = meaning(path) {
                        let _ = noticed.send(change);
                    }
                }
            })
            .context("files cannot be watched")?;
        for (folder, mode) in folders(project) {
            if folder.is_dir() {
                watcher.watch(&folder, mode).with_context(|| {
                    format!("{} cannot be watched", folder.display())
                })?;
            }
        }
        let (sender, changes) = mpsc::channel(4);
        tokio::spawn(async move {
            while let Some(first) = events.recv().await {
                let mut seen = vec![first];
                while let Ok(Some(next)) =
                    tokio::time::timeout(PAUSE, events.recv()).await
                {
                    seen.push(next);
                }
                for change in [Change::Pages, Change::Grades] {
                    if seen.contains(&change) && sender.send(change).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok((Watch { _watcher: watcher }, changes))
    }
}

/// The folders to watch. The root is watched for folders that come and go in it,
/// not with all that is below: `target` changes without end.
fn folders(project: &Project) -> Vec<(PathBuf, RecursiveMode)> {
    let below = [
        "book/src",
        "book/theme",
        "book/quizzes",
        "examples",
        "exercises",
        "benches/results",
    ];
    let flat = ["", "book", ".grade"];
    let mut folders: Vec<_> = below
        .map(|path| (project.path(path), RecursiveMode::Recursive))
        .into();
    folders
        .extend(flat.map(|path| (project.path(path), RecursiveMode::NonRecursive)));
    let criterion = project.target().join("criterion");
    folders.push((criterion, RecursiveMode::Recursive));
    folders
}

/// What a change of a file, by its path from the root, means for the pages.
fn meaning(path: &Path) -> Option<Change> {
    let name = path.file_name()?.to_str()?;
    let hidden =
        name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp");
    if path.starts_with(".grade") {
        return Some(Change::Grades);
    }
    if path.starts_with("exercises/src/bin") {
        return (!hidden).then_some(Change::Grades);
    }
    let shown = [
        "book/src",
        "book/theme",
        "book/quizzes",
        "book/book.toml",
        "book/examples.toml",
        "examples",
        "exercises",
        "benches/results",
    ];
    let criterion = path
        .components()
        .any(|part| part.as_os_str() == "criterion")
        && name == "estimates.json";
    let ours = shown.iter().any(|folder| path.starts_with(folder));
    let built = path.components().any(|part| part.as_os_str() == "target");
    ((ours && !built && !hidden) || criterion).then_some(Change::Pages)
}

#[cfg(test)]
mod tests {
    use super::{Change, meaning};
    use std::path::Path;

    #[test]
    fn changes_mean_pages_grades_or_nothing() {
        for (path, expected) in [
            ("book/src/pool.md", Some(Change::Pages)),
            ("examples/pool_map.rs", Some(Change::Pages)),
            ("examples/output/pool_map.txt", Some(Change::Pages)),
            ("benches/results/pool.json", Some(Change::Pages)),
            (
                "target/criterion/pool/x/new/estimates.json",
                Some(Change::Pages),
            ),
            ("exercises/src/bin/a.rs", Some(Change::Grades)),
            (".grade/state.json", Some(Change::Grades)),
            ("book/src/.pool.md.swp", None),
            ("book/book/pool.html", None),
            ("examples/mpi/target/x.rs", None),
            ("target/debug/x", None),
            ("src/pool.rs", None),
        ] {
            assert_eq!(meaning(Path::new(path)), expected, "{path}");
        }
    }
}

//! What is kept about the learner, in `.grade/`. Nothing in it is ever changed or
//! removed: versions get a new number, the log gets a new line.
//!
//! ```text
//! .grade/history/ID/000001.rs    every version that was graded, reset or undone
//! .grade/starters/ID.rs          the starter that the learner began with
//! .grade/log.jsonl               what was done, a line each
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::manifest::Exercise;
use crate::verdict::Grade;
use crate::workbook::Workbook;

/// The learner's records.
#[derive(Clone, Debug)]
pub struct Records {
    folder: PathBuf,
}

/// Something that was done, and when.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// Seconds since 1970.
    pub time: u64,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
}

/// Something that was done.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// An exercise was begun.
    Started {
        /// Its id.
        exercise: String,
    },
    /// An answer was graded.
    Graded {
        /// The version that was graded; missing if it could not be kept.
        version: Option<String>,
        /// What was found.
        grade: Grade,
    },
    /// The learner's file was replaced.
    Replaced {
        /// The exercise's id.
        exercise: String,
        /// The version that it had before.
        version: String,
        /// Whether the exercise begins anew, points and all.
        afresh: bool,
    },
    /// A hint was given.
    Hinted {
        /// The exercise's id.
        exercise: String,
        /// Which: 1 to 3.
        hint: usize,
    },
    /// The solution was shown.
    Solved {
        /// The exercise's id.
        exercise: String,
        /// Whether the learner had given up.
        given_up: bool,
    },
    /// The inventory was answered.
    Inventory {
        /// The misconceptions that were chosen, by question.
        misconceptions: Vec<String>,
        /// How many questions were answered rightly.
        right: usize,
        /// How many there were.
        questions: usize,
    },
}

impl Records {
    /// The records kept in `workbook`.
    #[must_use]
    pub fn of(workbook: &Workbook) -> Records {
        Records {
            folder: workbook.records(),
        }
    }

    /// Keeps a copy of a file; one that is the same as the last is not kept twice.
    /// Returns the version's name.
    ///
    /// # Errors
    ///
    /// When it cannot be written and is not safe: nothing must be replaced then.
    pub fn keep(&self, exercise: &Exercise, path: &Path) -> io::Result<String> {
        let content = fs::read(path)?;
        let folder = self.folder.join("history").join(&exercise.id);
        fs::create_dir_all(&folder)?;
        let mut number = last_number(&folder);
        let name = |number: u32| format!("{number:06}.rs");
        if number > 0 && fs::read(folder.join(name(number)))? == content {
            return Ok(name(number));
        }
        let temporary = Temporary::write(&folder, &content)?;
        loop {
            number += 1;
            // A link, unlike a rename, never takes the place of another version.
            match fs::hard_link(&temporary.path, folder.join(name(number))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        File::open(&folder)?.sync_all()?;
        Ok(name(number))
    }

    /// The path of a version.
    #[must_use]
    pub fn version(&self, exercise: &Exercise, version: &str) -> PathBuf {
        self.folder.join("history").join(&exercise.id).join(version)
    }

    /// The starter that the learner began with.
    #[must_use]
    pub fn known_starter(&self, exercise: &Exercise) -> PathBuf {
        self.folder
            .join("starters")
            .join(format!("{}.rs", exercise.id))
    }

    /// Remembers the starter as it is now.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn know_starter(
        &self,
        exercise: &Exercise,
        content: &[u8],
    ) -> io::Result<()> {
        let path = self.known_starter(exercise);
        fs::create_dir_all(self.folder.join("starters"))?;
        replace(&path, content)
    }

    /// Adds a line to the log.
    ///
    /// # Errors
    ///
    /// When it cannot be written; earlier lines stay as they are.
    pub fn note(&self, deed: Deed) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_or(0, |time| time.as_secs());
        append(&self.folder.join("log.jsonl"), &Entry { time, deed })
    }

    /// All that was done. A line that is torn or of a later release is passed over.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let log = fs::read(self.folder.join("log.jsonl")).unwrap_or_default();
        let lines = log.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    /// All grades of an exercise since it was last begun afresh.
    #[must_use]
    pub fn grades(&self, exercise: &Exercise) -> Vec<Grade> {
        let mut grades = Vec::new();
        for entry in self.entries() {
            match entry.deed {
                Deed::Graded { grade, .. } if grade.exercise == exercise.id => {
                    grades.push(grade);
                }
                Deed::Replaced {
                    exercise: id,
                    afresh: true,
                    ..
                } if id == exercise.id => grades.clear(),
                _ => {}
            }
        }
        grades
    }

    /// The best of them, by points.
    #[must_use]
    pub fn best(&self, exercise: &Exercise) -> Option<Grade> {
        self.grades(exercise)
            .into_iter()
            .max_by_key(|grade| grade.points)
    }

    /// The version that the learner's file had before it was last replaced.
    #[must_use]
    pub fn before(&self, exercise: &Exercise) -> Option<String> {
        self.entries()
            .into_iter()
            .rev()
            .find_map(|entry| match entry.deed {
                Deed::Replaced {
                    exercise: id,
                    version,
                    ..
                } if id == exercise.id => Some(version),
                _ => None,
            })
    }

    /// How many hints were given.
    #[must_use]
    pub fn hints(&self, exercise: &Exercise) -> usize {
        let given =
            self.entries()
                .into_iter()
                .filter_map(|entry| match entry.deed {
                    Deed::Hinted { exercise: id, hint } if id == exercise.id => {
                        Some(hint)
                    }
                    _ => None,
                });
        given.max().unwrap_or(0)
    }
}

/// Adds a line of JSON to a file; earlier lines stay as they are.
///
/// # Errors
///
/// When it cannot be written, or only in part: [`lines`] passes over that.
pub fn append<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut file = OpenOptions::new()
        .append(true)
        .read(true)
        .create(true)
        .open(path)?;
    if !ends_with_newline(&mut file)? {
        line.insert(0, b'\n'); // a grader was killed in the middle of a line
    }
    file.write_all(&line)?;
    file.sync_data()
}

/// All lines of a file that can be read; one that is torn or of a later release is
/// passed over.
#[must_use]
pub fn lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read(path).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

/// Replaces a file as a whole: whoever looks sees the old content or the new.
///
/// # Errors
///
/// When the new content cannot be written; the old is there then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let temporary = Temporary::write(folder, content)?;
    fs::rename(&temporary.path, path)?;
    File::open(folder)?.sync_all()
}

/// Makes a file, unless there is one: that one is never touched.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`], or when it cannot be written.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let temporary = Temporary::write(folder, content)?;
    fs::hard_link(&temporary.path, path)?;
    File::open(folder)?.sync_all()
}

/// A file under a name of its own, on disk, that is removed when it is dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(folder: &Path, content: &[u8]) -> io::Result<Temporary> {
        let name = format!(".new-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let temporary = Temporary {
            path: folder.join(name),
        };
        let mut file = File::create_new(&temporary.path)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// A bare name has an empty parent, which cannot be opened.
fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn last_number(folder: &Path) -> u32 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        entry
            .file_name()
            .to_str()?
            .strip_suffix(".rs")?
            .parse::<u32>()
            .ok()
    });
    numbers.max().unwrap_or(0)
}

fn ends_with_newline(log: &mut File) -> io::Result<bool> {
    if log.metadata()?.len() == 0 {
        return Ok(true);
    }
    log.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    log.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

//! `exercises/exercises.toml`: what exercises there are, and what they are worth.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

/// All exercises, in the order of the book.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The exercises.
    #[serde(rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// One exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Its id, for ever: the learner's history is kept under it.
    pub id: String,
    /// The stem of its files' name, where that is not the id any more.
    #[serde(default)]
    pub name: Option<String>,
    /// Names that its file had in earlier releases.
    #[serde(default)]
    pub formerly: Vec<String>,
    /// Its title.
    pub title: String,
    /// The chapter it belongs to: the stem of a page in the book.
    pub chapter: String,
    /// 1 for a first step, 3 for a hard one.
    pub level: u8,
    /// How long it takes.
    pub minutes: u32,
    /// Ids of exercises to solve first.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Seconds that one run may take; for what spins or sleeps.
    #[serde(default = "half_a_minute")]
    pub deadline: u64,
    /// Names that must not stand in the answer: they would solve it. The check
    /// `own_work` looks for them, in code, not in comments.
    #[serde(default)]
    pub without: Vec<String>,
    /// Three hints, each telling more than the one before. Lines that are indented
    /// by four spaces are code.
    pub hints: Vec<String>,
    /// What is checked.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its id within the exercise.
    pub id: String,
    /// What it is worth.
    pub points: u32,
    /// What is checked, in a few words.
    pub title: String,
    /// What a right answer does.
    pub expected: String,
    /// The section of the book that helps: `page.md#anchor`.
    pub section: String,
    /// Checks without which this one proves nothing.
    #[serde(default)]
    pub needs: Vec<String>,
}

fn half_a_minute() -> u64 {
    30
}

impl Manifest {
    /// Reads and checks the manifest.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or contradicts itself.
    pub fn read(path: &Path) -> io::Result<Manifest> {
        let wrong = |reason: String| {
            io::Error::other(format!("{}: {reason}", path.display()))
        };
        let text = fs::read_to_string(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        let manifest: Manifest =
            toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match manifest.contradiction() {
            Some(reason) => Err(wrong(reason)),
            None => Ok(manifest),
        }
    }

    /// The exercise of this id or name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Exercise> {
        let name = name.trim_end_matches(".rs");
        self.exercises.iter().find(|exercise| {
            exercise.id == name
                || exercise.name() == name
                || exercise.formerly.iter().any(|old| old == name)
        })
    }

    fn contradiction(&self) -> Option<String> {
        for (index, exercise) in self.exercises.iter().enumerate() {
            let id = &exercise.id;
            let earlier = &self.exercises[..index];
            if earlier.iter().any(|other| other.id == *id) {
                return Some(format!("{id} is there twice"));
            }
            for need in &exercise.needs {
                if !self.exercises.iter().any(|other| other.id == *need) {
                    return Some(format!("{id} needs {need}, which is not there"));
                }
            }
            if exercise.hints.len() != 3 {
                return Some(format!("{id} must have three hints"));
            }
            if !(1..=3).contains(&exercise.level) {
                return Some(format!("the level of {id} must be 1, 2 or 3"));
            }
            if let Some(reason) = exercise.contradiction() {
                return Some(reason);
            }
        }
        None
    }
}

impl Exercise {
    /// The stem of its files' name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// The points that can be had.
    #[must_use]
    pub fn out_of(&self) -> u32 {
        self.checks.iter().map(|check| check.points).sum()
    }

    fn contradiction(&self) -> Option<String> {
        let id = &self.id;
        if self.out_of() == 0 {
            return Some(format!("{id} is worth nothing"));
        }
        let has = |wanted: &str| self.checks.iter().any(|check| check.id == wanted);
        if has("own_work") == self.without.is_empty() {
            return Some(format!("{id}: `without` and `own_work` go together"));
        }
        for (index, check) in self.checks.iter().enumerate() {
            let earlier = &self.checks[..index];
            if earlier.iter().any(|other| other.id == check.id) {
                return Some(format!("{id} has two checks {}", check.id));
            }
            // In this order, one pass settles what depends on what.
            for need in &check.needs {
                if !earlier.iter().any(|other| other.id == *need) {
                    return Some(format!(
                        "{id}: {} needs {need}, which does not stand before it",
                        check.id
                    ));
                }
            }
        }
        None
    }
}

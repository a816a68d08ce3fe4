//! Where everything lies.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::manifest::{Exercise, Manifest};

/// A checkout of the workbook, with the learner's files in it.
#[derive(Clone, Debug)]
pub struct Workbook {
    root: PathBuf,
    /// What exercises there are.
    pub manifest: Manifest,
}

impl Workbook {
    /// The workbook around the current folder, else the one this was built in.
    ///
    /// # Errors
    ///
    /// When there is none, or its manifest is broken.
    pub fn find() -> io::Result<Workbook> {
        let here = env::current_dir()?;
        let around = here.ancestors().find(|folder| manifest_in(folder).exists());
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Workbook::open(around.unwrap_or(&built))
    }

    /// The workbook at `root`.
    ///
    /// # Errors
    ///
    /// When there is none, or its manifest is broken.
    pub fn open(root: &Path) -> io::Result<Workbook> {
        let root = root.canonicalize()?;
        let manifest = Manifest::read(&manifest_in(&root))?;
        Ok(Workbook { root, manifest })
    }

    /// The exercise of this id or name.
    ///
    /// # Errors
    ///
    /// When there is none, with a name that is similar.
    pub fn exercise(&self, name: &str) -> io::Result<&Exercise> {
        self.manifest.find(name).ok_or_else(|| {
            let near = self.manifest.exercises.iter().map(Exercise::name);
            let near = near.min_by_key(|other| distance(name, other));
            io::Error::other(format!(
                "there is no exercise `{name}`; did you mean `{}`?",
                near.unwrap_or_default()
            ))
        })
    }

    /// The folder of the checkout.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The pristine starter.
    #[must_use]
    pub fn starter(&self, exercise: &Exercise) -> PathBuf {
        self.root.join(format!("exercises/{}.rs", exercise.name()))
    }

    /// The folder of the learner's copies.
    #[must_use]
    pub fn answers(&self) -> PathBuf {
        self.root.join("exercises/src/bin")
    }

    /// The learner's copy.
    #[must_use]
    pub fn answer(&self, exercise: &Exercise) -> PathBuf {
        self.answers().join(format!("{}.rs", exercise.name()))
    }

    /// The reference solution.
    #[must_use]
    pub fn solution(&self, exercise: &Exercise) -> PathBuf {
        self.root.join(format!("solutions/{}.rs", exercise.name()))
    }

    /// The folder of answers that are known to be wrong.
    #[must_use]
    pub fn wrong_answers(&self, exercise: &Exercise) -> PathBuf {
        self.root
            .join(format!("solutions/wrong/{}", exercise.name()))
    }

    /// What is kept about the learner: graded versions and results.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.root.join(".grade")
    }

    /// Where answers are built.
    #[must_use]
    pub fn build(&self) -> PathBuf {
        self.root.join("target/grade")
    }

    /// Reads a file; an error says which.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.shown(path)))
        })
    }

    /// A path as it is told: from the checkout on.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

fn manifest_in(root: &Path) -> PathBuf {
    root.join("exercises/exercises.toml")
}

/// How many letters must be changed to make one name of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, wanted) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(letter != wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn counts_changed_letters() {
        assert_eq!(distance("pool_order", "pool_order"), 0);
        assert_eq!(distance("pol_order", "pool_order"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}

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
    /// When there is none, with a name that is similar if there is one.
    pub fn exercise(&self, name: &str) -> io::Result<&Exercise> {
        self.manifest.find(name).ok_or_else(|| {
            let names = self.manifest.exercises.iter().map(Exercise::name);
            let guess = nearest(name, names).map_or_else(String::new, |near| {
                format!("; did you mean `{near}`?")
            });
            io::Error::other(format!(
                "there is no exercise `{name}`{guess} (`cargo grade list` names all)"
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

/// The least likeness of a name that is worth a guess.
const LIKELY: f64 = 0.5;

/// Which of `names` was meant, if any of them is like what was typed.
fn nearest<'a>(
    typed: &str,
    names: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let rated = names.map(|name| (likeness(typed, name), name));
    // Of several that are as good, the first of the book.
    let best =
        rated.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.filter(|(likeness, _)| *likeness >= LIKELY)
        .map(|(_, name)| name)
}

/// From 0 to 1: how much of the name was typed, whole or without its chapter, and
/// with whatever between its words.
fn likeness(typed: &str, name: &str) -> f64 {
    let letters = |text: &str| -> String {
        let lower = text.trim_end_matches(".rs").to_lowercase();
        lower.chars().filter(|it| it.is_alphanumeric()).collect()
    };
    let typed = letters(typed);
    let whole = letters(name);
    let part = letters(name.split_once('_').map_or(name, |(_, part)| part));
    let near = |text: &str| strsim::normalized_damerau_levenshtein(&typed, text);
    let within = match () {
        () if typed.len() < 3 => 0.0,
        // A word of the name, or the beginning of one.
        () if name.split('_').any(|word| word.starts_with(&typed)) => 0.9,
        () if whole.contains(&typed) => 0.8,
        () => 0.0,
    };
    near(&whole).max(near(&part)).max(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_what_a_person_would() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let workbook = Workbook::open(&root).expect("the tests run in the workbook");
        for (typed, meant) in [
            ("pool_ordr", "pool_order"),
            ("poolorder", "pool_order"),
            ("order", "pool_order"),
            ("pool-order", "pool_order"),
            ("Pool Order", "pool_order"),
            ("odrer", "pool_order"),
            ("checksum", "pool_checksums"),
            ("square", "process_square"),
            ("proces_sqare", "process_square"),
            ("exit", "process_exit_status"),
            ("deadlines", "process_deadline"),
            ("survive", "pool_survivor"),
            ("merge.rs", "queue_merge"),
            ("fair-server", "pipe_fair_server"),
            ("hangup", "pipe_hang_up"),
            ("duplicate", "capstone_duplicates"),
            ("capstone", "capstone_duplicates"),
            ("retry", "failure_retry"),
        ] {
            let error = workbook.exercise(typed).expect_err(typed).to_string();
            let guess = format!("did you mean `{meant}`?");
            assert!(error.contains(&guess), "{error}");
        }
    }

    #[test]
    fn guesses_nothing_where_nothing_is_alike() {
        let names = || ["pool_order", "queue_merge"].into_iter();
        assert_eq!(nearest("xylophone", names()), None);
        assert_eq!(nearest("", names()), None);
        assert_eq!(nearest("o", names()), None);
        assert_eq!(nearest("order", [].into_iter()), None);
    }
}

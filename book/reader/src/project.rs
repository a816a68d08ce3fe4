//! Where things lie in the repository.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The repository whose book is built.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The repository with the given root folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Project { root: root.into() }
    }

    /// The repository around `folder`: the nearest one above that has a book.
    ///
    /// # Errors
    ///
    /// No folder above `folder` holds `book/book.toml`.
    pub fn around(folder: &Path) -> Result<Self> {
        for candidate in folder.ancestors() {
            if candidate.join("book/book.toml").is_file() {
                return Ok(Project::new(candidate));
            }
        }
        bail!("no book/book.toml in {} or above it", folder.display())
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of `book.toml`.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.root.join("book")
    }

    /// Where cargo puts what it builds.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// A file of the repository, by its path from the root.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Reads a file of the repository, by its path from the root.
    ///
    /// # Errors
    ///
    /// The path leads out of the repository, or the file cannot be read.
    pub fn read(&self, relative: &str) -> Result<String> {
        if !is_inside(Path::new(relative)) {
            bail!("`{relative}` does not lie in the repository");
        }
        let text = fs::read_to_string(self.path(relative));
        text.with_context(|| format!("`{relative}` cannot be read"))
    }

    /// The source file of an example, by its path from the root.
    ///
    /// # Errors
    ///
    /// There is no such example.
    pub fn example(&self, name: &str) -> Result<String> {
        if is_name(name) {
            let candidates = [
                format!("examples/{name}.rs"),
                format!("examples/{name}/main.rs"),
            ];
            for candidate in candidates {
                if self.path(&candidate).is_file() {
                    return Ok(candidate);
                }
            }
        }
        bail!("there is no example `{name}` (no examples/{name}.rs)")
    }

    /// The names of all examples, sorted.
    #[must_use]
    pub fn examples(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("examples")) else {
            return Vec::new();
        };
        let stem = |entry: fs::DirEntry| {
            let path = entry.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let is_file = path.extension().is_some_and(|end| end == "rs");
            (is_file || path.join("main.rs").is_file()).then_some(name)
        };
        let mut names: Vec<String> =
            entries.filter_map(|entry| stem(entry.ok()?)).collect();
        names.sort();
        names
    }
}

/// Whether a name is nothing but letters, digits, `_` and `-`: then it can be
/// part of a path or of a command without meaning anything else there.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('-')
        && name.bytes().all(plain)
}

/// Whether a relative path stays below the folder it starts from.
#[must_use]
pub fn is_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
}

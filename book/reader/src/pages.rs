//! Builds the pages, whole or not at all.

use crate::preprocess::Pages;
use crate::project::Project;
use anyhow::{Context, Result};
use mdbook_driver::MDBook;
use std::fs;
use std::path::Path;

/// Builds the book into a folder, which must not exist yet.
///
/// # Errors
///
/// The book has problems, or cannot be read or written; then the folder may hold
/// a part of it.
pub fn build(project: &Project, folder: &Path) -> Result<()> {
    let mut book = MDBook::load(project.book())?;
    book.config.build.build_dir = folder.to_owned();
    // The command in book.toml of the same name is replaced by this.
    book.with_preprocessor(Pages::new(project.clone()));
    book.build()
}

/// Builds the book beside `folder` and puts it in its place when it is whole.
///
/// # Errors
///
/// As [`build`]; what was in `folder` before is still there.
pub fn replace(project: &Project, folder: &Path) -> Result<()> {
    let fresh = folder.with_extension("fresh");
    let old = folder.with_extension("old");
    remove(&fresh)?;
    build(project, &fresh)?;
    remove(&old)?;
    if folder.exists() {
        fs::rename(folder, &old).context("the old pages cannot be moved away")?;
    }
    fs::rename(&fresh, folder).context("the new pages cannot be moved in place")?;
    remove(&old)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context(format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

//! Finds the examples and builds them, as `cargo run --example` would.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The names of all examples, those in a folder of their own last.
pub(crate) fn examples() -> Vec<String> {
    let mut names = stems("examples", "rs");
    for name in entries("examples") {
        if root().join("examples").join(&name).join("main.rs").exists() {
            names.push(name);
        }
    }
    names
}

/// The names, without their ending, of the files in a folder of the repository.
pub(crate) fn stems(folder: &str, ending: &str) -> Vec<String> {
    let strip =
        |name: &String| Some(name.strip_suffix(ending)?.strip_suffix('.')?.into());
    entries(folder).iter().filter_map(strip).collect()
}

/// The names of what is in a folder of the repository, sorted.
fn entries(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").file_name())
        .filter_map(|name| name.into_string().ok())
        .collect();
    names.sort();
    names
}

/// Where the program of an example lies, once all of them are built.
pub(crate) fn program(name: &str) -> Result<PathBuf, String> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(build).as_ref()?;
    Ok(folder.join(name))
}

/// Builds all examples into the target folder, and with the profile, of this test.
///
/// The selection of packages is that of the project's test command: cargo then
/// chooses the same features, and finds everything built already.
fn build() -> Result<PathBuf, String> {
    let test = env::current_exe().map_err(|problem| problem.to_string())?;
    let folder = test
        .ancestors()
        .nth(2)
        .ok_or("the test does not lie in a target folder")?;
    let target = folder
        .parent()
        .ok_or("the profile's folder has no parent")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => return Err("the profile's folder has no name".into()),
    };
    let status = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--quiet", "--workspace", "--exclude", "exercises"])
        .args(["--examples", "--profile", profile, "--target-dir"])
        .arg(target)
        .status()
        .map_err(|problem| format!("cargo cannot be started: {problem}"))?;
    match status.success() {
        true => Ok(folder.join("examples")),
        false => Err(format!("the examples do not build: cargo's {status}")),
    }
}

//! A second working tree of this repository, in which old states of the library
//! are built without a change to the first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// The working tree and what was built in it; both go when it is dropped.
pub(crate) struct Tree {
    folder: PathBuf,
}

/// Looks whether the history has `commit`, and the one before it.
pub(crate) fn look_up(commit: &str) -> Outcome<()> {
    let before = format!("{commit}^");
    let mut command = git(Path::new(env!("CARGO_MANIFEST_DIR")));
    command.args(["rev-parse", "--quiet", "--verify", &before]);
    match said(&mut command) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "git does not know {before}; this needs the whole history, \
             which a shallow clone gets by `git fetch --unshallow`"
        )
        .into()),
    }
}

impl Tree {
    /// A working tree of the last commit.
    pub(crate) fn new() -> Outcome<Tree> {
        let target = benches::target();
        fs::create_dir_all(&target)?;
        let target = target.canonicalize()?;
        let folder = target.join("steps");
        let tree = Tree { folder };
        // A run that was interrupted left its own.
        tree.remove();
        let mut command = git(Path::new(env!("CARGO_MANIFEST_DIR")));
        command.args(["worktree", "add", "--quiet", "--detach"]);
        said(command.arg(tree.path()).arg("HEAD"))?;
        Ok(tree)
    }

    /// Builds `against_python` of today with the library as `commit` left it, and
    /// keeps the program as `name`.
    pub(crate) fn build(&self, commit: &str, name: &str) -> Outcome<PathBuf> {
        // All of `src`: what there was not yet must not be there either.
        let mut command = git(&self.path());
        command.args(["restore", "--staged", "--worktree", "--source", commit]);
        said(command.args(["--", "src"]))?;

        // Not where this program was built: cargo would take the packages of both
        // trees for the same ones. What the states share is built once.
        let target = self.folder.join("target");
        let mut command = Command::new("cargo");
        command.args(["build", "--quiet", "--locked", "--release"]);
        command.args(["-p", "benches", "--bin", "against_python"]);
        command.env("CARGO_TARGET_DIR", &target);
        said(command.current_dir(self.path()))
            .map_err(|error| format!("{commit} cannot be built: {error}"))?;
        let program = self.folder.join(name);
        fs::copy(target.join("release/against_python"), &program)?;
        Ok(program)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Removes what there is of it.
    fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
        // Git forgets the working trees that are gone.
        let mut command = git(Path::new(env!("CARGO_MANIFEST_DIR")));
        let _ = said(command.args(["worktree", "prune"]));
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.remove();
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command
}

/// What a command prints; when it fails, its complaint is the error.
pub(crate) fn said(command: &mut Command) -> Outcome<String> {
    let output = command
        .output()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let (program, status) = (command.get_program().display(), output.status);
    Err(format!("{program}: {status}\n{}", complaint.trim_end()).into())
}

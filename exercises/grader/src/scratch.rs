//! A folder of its own for every run.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Every scratch folder's name begins with this.
const PREFIX: &str = "grade-";

/// A folder that is removed with all its content when it is dropped. It holds the
/// program, the socket, and the two folders that an answer may write to.
///
/// Its path is short: a socket's path must fit into 107 bytes, and ipc-channel
/// makes sockets below the folder for temporary files.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    /// Locked as long as the folder is in use; the lock ends with this process.
    _lock: File,
}

impl Scratch {
    /// Makes the folder, and removes those of graders that were killed.
    ///
    /// # Errors
    ///
    /// When there is no room, or no right to write.
    pub fn new() -> io::Result<Scratch> {
        let base = base();
        remove_stale(&base);
        let name =
            format!("{PREFIX}{}-{:08x}", std::process::id(), fastrand::u32(..));
        let folder = base.join(name);
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        // It gets its name once it is locked: another grader that found it unlocked
        // would take this folder for a dead grader's.
        let lock = File::create(folder.join("new"))?;
        lock.lock()?;
        fs::rename(folder.join("new"), folder.join("lock"))?;
        let scratch = Scratch {
            folder,
            _lock: lock,
        };
        for folder in [scratch.work(), scratch.temporary()] {
            fs::create_dir(folder)?;
        }
        Ok(scratch)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The socket that the probe connects to.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The answer's working folder.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// The answer's folder for temporary files.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by a later grader.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn base() -> PathBuf {
    Some(env::temp_dir())
        .filter(|base| base.as_os_str().len() < 40)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn remove_stale(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let stale = match File::open(entry.path().join("lock")) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            // Being made or removed this moment, unless its grader was killed then.
            Err(_) => grader_is_gone(rest),
        };
        if stale {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a name begins with the id of a process that is not there any more.
fn grader_is_gone(name: &str) -> bool {
    let id = name.split_once('-').map(|(id, _)| id.parse::<u32>());
    match id {
        Some(Ok(id)) => !Path::new("/proc").join(id.to_string()).exists(),
        _ => false, // somebody else's
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grader may be killed before its new folder has a lock, and while it removes
    /// an old one.
    #[test]
    fn what_a_killed_grader_has_not_locked_is_removed() {
        let folder = |id: u32| {
            let folder = base().join(format!("{PREFIX}{id}-unlocked"));
            fs::create_dir_all(folder.join("work")).expect("there is room");
            folder
        };
        // No process has so large a number.
        let dead = folder(i32::MAX.unsigned_abs());
        let living = folder(std::process::id());
        let scratch = Scratch::new().expect("there is room");
        assert!(!dead.exists(), "its grader is gone");
        assert!(living.exists(), "its grader is at work");
        assert!(scratch.work().is_dir());
        fs::remove_dir_all(living).expect("it is there");
    }

    #[test]
    fn graders_that_start_together_leave_each_other_alone() {
        let make = || {
            for _ in 0..200 {
                let scratch = Scratch::new().expect("nobody removes a new folder");
                assert!(scratch.work().is_dir());
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(make);
            }
        });
    }
}

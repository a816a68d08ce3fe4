//! Grades again whenever an answer is saved.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write, stdout};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use super::grading::grade_all;
use super::learner::Learner;
use super::terminal;

/// How long the folder must be still before its files are read: editors save in
/// several steps.
const STILL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Runs until it is interrupted. The kernel keeps what is saved while a grading is
/// under way, so no save is missed.
pub(super) fn run(learner: &Learner<'_>, seed: Option<u64>) -> io::Result<()> {
    let folder = learner.workbook.answers();
    fs::create_dir_all(&folder)?;
    let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let saved = WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO | WatchFlags::CREATE;
    inotify::add_watch(&queue, &folder, saved)?;
    let mut seen = texts(learner);
    writeln!(
        stdout(),
        "Watching {}; Ctrl-C ends it.",
        learner.workbook.shown(&folder)
    )?;
    loop {
        // Unblocked by the next save.
        wait(&queue, None)?;
        while wait(&queue, Some(&STILL))? {
            drain(&queue)?;
        }
        let texts = texts(learner);
        let changed =
            |id: &str| texts.contains_key(id) && texts.get(id) != seen.get(id);
        let exercises = learner.workbook.manifest.exercises.iter();
        let exercises: Vec<_> = exercises.filter(|it| changed(&it.id)).collect();
        seen.clone_from(&texts);
        if exercises.is_empty() {
            continue;
        }
        match grade_all(learner, &exercises, seed) {
            Ok(grades) => grades.iter().try_for_each(terminal::tell)?,
            // A file that is gone again, a full disk: the next save may fare better.
            Err(error) => eprintln!("cargo grade: {error}"),
        }
        writeln!(stdout())?;
    }
}

/// What the learner's files hold.
fn texts(learner: &Learner<'_>) -> BTreeMap<String, Vec<u8>> {
    let exercises = learner.workbook.manifest.exercises.iter();
    let text = |exercise: &crate::manifest::Exercise| {
        let text = fs::read(learner.workbook.answer(exercise)).ok()?;
        Some((exercise.id.clone(), text))
    };
    exercises.filter_map(text).collect()
}

fn wait(queue: &OwnedFd, time: Option<&Timespec>) -> io::Result<bool> {
    let mut descriptors = [PollFd::new(queue, PollFlags::IN)];
    match poll(&mut descriptors, time) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn drain(queue: &OwnedFd) -> io::Result<()> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(queue, &mut buffer);
    loop {
        match reader.next() {
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

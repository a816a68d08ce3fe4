//! The learner's files: begun, looked at, put back.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;

use crate::difference::difference;
use crate::inventory::Inventory;
use crate::manifest::Exercise;
use crate::records::{Deed, Records, create, replace};
use crate::verdict::Grade;
use crate::workbook::Workbook;

use super::terminal::{BOLD, paint, wrap};

/// The workbook, from the learner's side.
#[derive(Debug)]
pub(super) struct Learner<'a> {
    pub(super) workbook: &'a Workbook,
    pub(super) records: Records,
}

impl<'a> Learner<'a> {
    /// Also gives files of renamed exercises their new names.
    pub(super) fn new(workbook: &'a Workbook) -> io::Result<Learner<'a>> {
        let learner = Learner {
            workbook,
            records: Records::of(workbook),
        };
        for exercise in &workbook.manifest.exercises {
            learner.rename(exercise)?;
        }
        Ok(learner)
    }

    fn rename(&self, exercise: &Exercise) -> io::Result<()> {
        let new = self.workbook.answer(exercise);
        for name in &exercise.formerly {
            let old = self.workbook.answers().join(format!("{name}.rs"));
            if !old.exists() || new.exists() {
                continue;
            }
            self.records.keep(exercise, &old)?;
            // A link, so that nothing is lost should somebody make the new file.
            fs::hard_link(&old, &new)?;
            fs::remove_file(&old)?;
            writeln!(
                stdout(),
                "`{name}` is called `{}` now; your answer too.",
                exercise.name()
            )?;
        }
        Ok(())
    }

    /// The exercise that was worked on last.
    pub(super) fn current(&self) -> Option<&'a Exercise> {
        let exercises = self.workbook.manifest.exercises.iter();
        let begun = exercises.filter_map(|exercise| {
            let data = fs::metadata(self.workbook.answer(exercise)).ok()?;
            Some((data.modified().ok()?, exercise))
        });
        begun
            .max_by_key(|(time, _)| *time)
            .map(|(_, exercise)| exercise)
    }

    /// The named exercise, or the one that was worked on last.
    pub(super) fn named(&self, name: Option<&str>) -> io::Result<&'a Exercise> {
        match name {
            Some(name) => self.workbook.exercise(name),
            None => self.current().ok_or_else(|| {
                io::Error::other(
                    "you have not begun yet: `cargo grade next` starts you",
                )
            }),
        }
    }

    fn is_solved(&self, exercise: &Exercise) -> bool {
        self.records
            .best(exercise)
            .as_ref()
            .is_some_and(Grade::is_full)
    }

    /// What to do next: the first that is not solved and whose needs are.
    pub(super) fn upcoming(&self) -> Option<&'a Exercise> {
        let exercises = &self.workbook.manifest.exercises;
        let solved = |id: &String| {
            exercises
                .iter()
                .any(|other| other.id == *id && self.is_solved(other))
        };
        let mut open = exercises
            .iter()
            .filter(|exercise| !self.is_solved(exercise));
        let first = open.clone().next();
        open.find(|exercise| exercise.needs.iter().all(solved))
            .or(first)
    }

    pub(super) fn start(&self, name: &str) -> io::Result<()> {
        let exercise = self.workbook.exercise(name)?;
        let path = self.workbook.answer(exercise);
        let starter = self.workbook.read(&self.workbook.starter(exercise))?;
        let shown = self.workbook.shown(&path);
        match create(&path, &starter) {
            Ok(()) => {
                self.records.know_starter(exercise, &starter)?;
                let exercise = exercise.id.clone();
                self.records.note(Deed::Started { exercise })?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                writeln!(
                    stdout(),
                    "You have begun this already; your file stays as it is."
                )?;
            }
            Err(error) => return Err(error),
        }
        writeln!(
            stdout(),
            "{} (level {}, about {} minutes)",
            paint(BOLD, &exercise.title),
            exercise.level,
            exercise.minutes
        )?;
        writeln!(stdout(), "  open   {}", paint(BOLD, &shown))?;
        writeln!(
            stdout(),
            "  run    cargo run -p exercises --bin {}",
            exercise.name()
        )?;
        writeln!(stdout(), "  grade  cargo grade {}", exercise.name())?;
        writeln!(stdout(), "  stuck? cargo grade hint {}", exercise.name())?;
        Ok(())
    }

    pub(super) fn next(&self) -> io::Result<()> {
        match self.upcoming() {
            Some(exercise) => self.start(&exercise.id),
            None => {
                writeln!(
                    stdout(),
                    "All exercises are solved. `cargo grade list` shows them."
                )?;
                Ok(())
            }
        }
    }

    pub(super) fn list(&self) -> io::Result<()> {
        let exercises = &self.workbook.manifest.exercises;
        let (mut points, mut out_of) = (0, 0);
        let mut chapters: Vec<&str> = Vec::new();
        for Exercise { chapter, .. } in exercises {
            if !chapters.contains(&chapter.as_str()) {
                chapters.push(chapter);
            }
        }
        for chapter in chapters {
            writeln!(stdout(), "{}", paint(BOLD, chapter))?;
            for exercise in exercises.iter().filter(|it| it.chapter == chapter) {
                points += self.list_one(exercise)?;
                out_of += exercise.out_of();
            }
        }
        writeln!(stdout(), "{points} of {out_of} points")
    }

    /// One line; returns the points.
    fn list_one(&self, exercise: &Exercise) -> io::Result<u32> {
        let best = self.records.best(exercise).map_or(0, |grade| grade.points);
        let mark = match () {
            () if self.is_solved(exercise) => '✓',
            () if self.workbook.answer(exercise).exists() => '…',
            () => ' ',
        };
        writeln!(
            stdout(),
            "  {mark} {best:>2}/{:<2} {:<22} {} {} (about {} minutes)",
            exercise.out_of(),
            exercise.name(),
            "*".repeat(exercise.level.into()),
            exercise.title,
            exercise.minutes
        )?;
        Ok(best)
    }

    pub(super) fn hint(&self, name: Option<&str>) -> io::Result<()> {
        let exercise = self.named(name)?;
        let all = exercise.hints.len();
        let count = (self.records.hints(exercise) + 1).min(all);
        for (number, hint) in (1..).zip(&exercise.hints[..count]) {
            let title = format!("Hint {number} of {all}:");
            writeln!(stdout(), "{}", paint(BOLD, &title))?;
            for line in wrap(hint, 78) {
                writeln!(stdout(), "{}", format!("  {line}").trim_end())?;
            }
        }
        let exercise = exercise.id.clone();
        self.records.note(Deed::Hinted {
            exercise,
            hint: count,
        })
    }

    pub(super) fn solution(
        &self,
        name: Option<&str>,
        give_up: bool,
    ) -> io::Result<()> {
        let exercise = self.named(name)?;
        let solved = self.is_solved(exercise);
        if !solved && !give_up {
            return Err(io::Error::other(format!(
                "the solution is shown once you have all points, or with --give-up; \
                 `cargo grade hint {}` helps, too",
                exercise.name()
            )));
        }
        let path = self.workbook.solution(exercise);
        write!(
            stdout(),
            "{}",
            String::from_utf8_lossy(&self.workbook.read(&path)?)
        )?;
        writeln!(stdout(), "\n// {}", self.workbook.shown(&path))?;
        self.records.note(Deed::Solved {
            exercise: exercise.id.clone(),
            given_up: !solved,
        })
    }

    pub(super) fn reset(&self, name: Option<&str>, afresh: bool) -> io::Result<()> {
        let exercise = self.named(name)?;
        let path = self.workbook.answer(exercise);
        if !path.exists() {
            return self.start(exercise.name());
        }
        let starter = self.workbook.read(&self.workbook.starter(exercise))?;
        self.put(exercise, &path, &starter, afresh)?;
        self.records.know_starter(exercise, &starter)?;
        writeln!(
            stdout(),
            "{} is the starter again. Your answer is kept: `cargo grade undo {}`.",
            self.workbook.shown(&path),
            exercise.name()
        )?;
        Ok(())
    }

    pub(super) fn undo(&self, name: Option<&str>) -> io::Result<()> {
        let exercise = self.named(name)?;
        let Some(version) = self.records.before(exercise) else {
            return Err(io::Error::other("there is nothing to take back"));
        };
        let content = self
            .workbook
            .read(&self.records.version(exercise, &version))?;
        let path = self.workbook.answer(exercise);
        if path.exists() {
            self.put(exercise, &path, &content, false)?;
        } else {
            create(&path, &content)?;
        }
        writeln!(
            stdout(),
            "{} is again what it was before. Another undo takes this back.",
            self.workbook.shown(&path)
        )?;
        Ok(())
    }

    pub(super) fn inventory(&self) -> io::Result<()> {
        let path = self.workbook.root().join("exercises/inventory.toml");
        let inventory = Inventory::read(&path)?;
        let deed = inventory.ask(&mut io::stdin().lock(), &mut io::stdout())?;
        if let Deed::Inventory {
            right, questions, ..
        } = &deed
        {
            writeln!(
                stdout(),
                "\n{right} of {questions} right. `cargo grade --report FILE.html`"
            )?;
            writeln!(
                stdout(),
                "tells which misconceptions the book has cleared up."
            )?;
        }
        self.records.note(deed)
    }

    /// Replaces the learner's file, which is safe in the history before that.
    fn put(
        &self,
        exercise: &Exercise,
        path: &Path,
        content: &[u8],
        afresh: bool,
    ) -> io::Result<()> {
        let version = self.records.keep(exercise, path)?;
        self.records.note(Deed::Replaced {
            exercise: exercise.id.clone(),
            version,
            afresh,
        })?;
        replace(path, content)
    }

    /// Tells once that a release has changed a starter, and how.
    pub(super) fn tell_changed_starter(
        &self,
        exercise: &Exercise,
    ) -> io::Result<()> {
        let new = self.workbook.read(&self.workbook.starter(exercise))?;
        let new = String::from_utf8_lossy(&new);
        let known = self.records.known_starter(exercise);
        let old = fs::read_to_string(known).unwrap_or_default();
        if old == new {
            return Ok(());
        }
        if !old.is_empty() {
            writeln!(
                stdout(),
                "The starter of {} has changed since you began. Your answer is left \
                 as it is; this is the difference:",
                exercise.name()
            )?;
            for line in difference(&old, &new) {
                writeln!(stdout(), "  {line}")?;
            }
        }
        self.records.know_starter(exercise, new.as_bytes())
    }
}

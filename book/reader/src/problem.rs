//! What is wrong with a page, with file and line.

use std::fmt;
use std::path::PathBuf;

/// One thing that makes the build fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file to open.
    pub file: PathBuf,
    /// The line to go to, counted from 1.
    pub line: usize,
    /// What is wrong there, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            file,
            line,
            message,
        } = self;
        write!(formatter, "{}:{line}: {message}", file.display())
    }
}

/// All that is wrong with a book.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, file: impl Into<PathBuf>, line: usize, message: String) {
        let file = file.into();
        self.0.push(Problem {
            file,
            line,
            message,
        });
    }

    /// Turns a list of problems into an error, and an empty list into `Ok`.
    ///
    /// # Errors
    ///
    /// The problems themselves, sorted by file and line.
    pub fn into_result(mut self) -> Result<(), Problems> {
        self.0.sort();
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(formatter, "{problem}")?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(formatter, "{} problem{plural} in the book", self.0.len())
    }
}

impl std::error::Error for Problems {}

/// The line, counted from 1, on which a byte of `text` lies.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..offset].bytes().filter(|byte| *byte == b'\n').count()
}

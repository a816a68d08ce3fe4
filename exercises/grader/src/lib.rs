//! Grades the exercises by asking the kernel.
//!
//! An answer's exit status and its printed words prove nothing. So the grader hands
//! out the work itself, decides when each task may go on, asks the kernel which
//! process came for it, and scores only what it has established.
//!
//! # Layout
//!
//! - [`attempt`]: what a scenario works with
//! - [`class`]: a whole class
//! - [`command`]: the command line
//! - [`difference`]: between two texts
//! - [`grading`]: from a source file to a grade
//! - [`inventory`]: questions on misconceptions
//! - [`look`]: what procfs says about a tree of processes
//! - [`manifest`]: what exercises there are
//! - [`package`]: builds answers
//! - [`records`]: what is kept about the learner
//! - [`rehearsal`]: tests the exercises themselves
//! - [`report`]: grades as files
//! - [`run`]: one run of an answer
//! - [`scenarios`]: one file for each exercise
//! - [`scratch`]: a folder of its own for every run
//! - [`sheet`]: the score sheet
//! - [`source`]: names in an answer's code
//! - [`supervise`]: the helper that stays above everything an answer starts
//! - [`verdict`]: what is found about an answer
//! - [`workbook`]: where everything lies

pub mod attempt;
pub mod class;
pub mod command;
pub mod difference;
pub mod grading;
pub mod inventory;
pub mod look;
pub mod manifest;
pub mod package;
pub mod records;
pub mod rehearsal;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod scratch;
pub mod sheet;
pub mod source;
pub mod supervise;
pub mod verdict;
pub mod workbook;

pub use supervise::init;

//! Serves the book from the reader's own machine.
//!
//! The book in `book/` is a stock mdBook. This package adds what a stock mdBook
//! cannot do: pages that include tested code, recorded output, measured figures
//! and exercises by name, and a small server whose pages can run them.
//!
//! # Layout
//!
//! - `project`: where things lie in the repository
//! - `problem`: what is wrong with a page, with file and line
//! - `markup`: escaping, and small pieces of HTML
//! - `directive`: finding `{{#…}}` in a chapter
//! - `listing`: code by file and anchor
//! - `example`, `exercise`, `quiz`: what the directives of those names show
//! - `grades`: what is known of the learner's work
//! - `criterion`: what was measured on this machine
//! - `figures`, `bench`, `chart`, `timeline`: measured numbers, as text and pictures
//! - `outline`: what a chapter's Markdown holds
//! - `check`: links, anchors, includes and fences of a chapter
//! - `preprocess`: the mdBook preprocessor that puts all of this together
//! - `pages`: building the pages, whole or not at all
//! - `server`: the pages on 127.0.0.1, and what their buttons do
//! - `run`, `supervise`: a program and all it starts, ended together
//! - `watch`: noticing changes

pub mod bench;
pub mod chart;
pub mod check;
pub mod criterion;
pub mod directive;
pub mod example;
pub mod exercise;
pub mod figures;
pub mod grades;
pub mod listing;
pub mod markup;
pub mod outline;
pub mod pages;
pub mod preprocess;
pub mod problem;
pub mod project;
pub mod quiz;
pub mod run;
pub mod server;
pub mod supervise;
pub mod timeline;
pub mod watch;

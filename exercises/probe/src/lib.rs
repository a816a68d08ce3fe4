//! What an answer talks to while it is graded.
//!
//! Run on its own, an answer gets sample input from here and prints what it
//! answers. Under `cargo grade` the same calls ask the grader: it hands out the
//! work, decides when each task may go on, and notes who came. Every task opens
//! a connection of its own, because the kernel tells the grader the process at
//! the other end as it was when the connection was made.
//!
//! ```text
//! answer                     grader
//! given(sample)  ─────────►  hands out tasks: numbers without content
//! task.enter()   ─────────►  notes the process, keeps it waiting …
//!                ◄─────────  … and lets it in: the input is in this message
//! (the work)
//! drop(visit)    ─────────►  the task is done
//! answer(value)  ─────────►  compared with what was asked
//! ```
//!
//! # Layout
//!
//! - `connection`: one exchange with the grader
//! - `gate`: `given`, `answer`, `point`, `load`, `store`
//! - `task`: `Task`, `Visit`
//! - [`protocol`]: the messages, as the grader reads them
//! - [`work`]: functions that a worker can run on a task

mod connection;
mod gate;
pub mod protocol;
mod task;
pub mod work;

pub use gate::{answer, given, graded, load, point, store};
pub use task::{Task, Visit, sample_files, samples};

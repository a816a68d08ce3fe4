//! Threads against processes, measured: what the benches of all chapters share.
//!
//! # Layout
//!
//! - `bare`: processes made of `std` alone
//! - `bytes`: a message of some size
//! - `crew`: threads and processes that do something when they are told to
//! - `machine`: where and when something was measured
//! - `results`: the files in which the book finds what was measured
//! - `settings`: how Criterion measures, and how long
//! - `work`: the work that threads and processes both do

mod bare;
mod bytes;
mod crew;
mod machine;
mod results;
mod settings;
mod work;

pub use bare::{Echo, bare_self_exec, echo_if_bare, exit_if_bare};
pub use bytes::Bytes;
pub use crew::{ProcessCrew, ThreadCrew, obey};
pub use machine::Machine;
pub use results::{Figure, Group, target};
pub use settings::{criterion, group, is_measuring, scaled};
pub use work::{Grain, grains, mix, mix_all};

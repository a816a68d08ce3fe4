//! The process that asks: its id, its name, who started it.

use crate::worker;

/// The process that calls it: [`current_process`].
#[derive(Clone, Copy, Debug)]
pub struct CurrentProcess;

/// Gives the id and name of the process that calls it.
///
/// # Examples
///
/// ```
/// let process = multiproc::current_process();
/// assert_eq!(process.name(), "main");
/// assert_eq!(process.id(), std::process::id());
/// ```
#[doc(alias = "getpid")]
pub fn current_process() -> CurrentProcess {
    CurrentProcess
}

impl CurrentProcess {
    /// The process's id.
    pub fn id(self) -> u32 {
        std::process::id()
    }

    /// The name given at its start; `main` in the program that a person started.
    pub fn name(self) -> &'static str {
        worker::name()
    }

    /// The id of the process that started this one.
    #[doc(alias = "getppid")]
    pub fn parent_id(self) -> u32 {
        std::os::unix::process::parent_id()
    }
}

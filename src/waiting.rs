//! What a worker waits in, told to whoever asks the system.
//!
//! While a worker's thread sleeps in a call of this crate, its name is that of
//! the call. The parent reads it from `/proc`; `top -H` shows it too.

use std::ffi::{CStr, CString};

use crate::worker;

/// How a thread's name begins while it waits.
const MARK: &str = "in ";

/// Names the call until it is dropped.
#[derive(Debug)]
#[must_use = "the name goes back when it is dropped"]
pub(crate) struct Waiting(Option<CString>);

/// Says that this thread is about to sleep in `call`, for example
/// `c"in Queue::put"`: at most 15 bytes, as the system keeps no more.
pub(crate) fn waiting(call: &CStr) -> Waiting {
    // The main program's threads keep the names that the user gave them.
    if !worker::is_worker() {
        return Waiting(None);
    }
    let name = rustix::thread::name().ok();
    let _ = rustix::thread::set_name(call);
    Waiting(name)
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(name) = &self.0 {
            let _ = rustix::thread::set_name(name);
        }
    }
}

/// The calls that threads of a process wait in now.
pub(crate) fn calls_of(pid: u32) -> Vec<String> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| {
            let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
            name.trim_end().strip_prefix(MARK).map(str::to_string)
        })
        .collect()
}

//! Ending a tree of processes.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait, waitpid};

use crate::look::{descendants, session_of};

/// Ends every descendant of this process, which must be their subreaper.
///
/// What is stopped can neither start another process nor run away, so all are
/// stopped until a look finds nothing new, and only then killed.
pub(crate) fn below_this_process() {
    end(|| descendants(std::process::id()));
    // Children end, their own children become ours and end: until there are none.
    while wait(WaitOptions::empty()).is_ok() {}
}

/// Ends what a killed helper has left to this process: those that carry `mark` in
/// their environment or belong to the helper's session, and all below them.
pub(crate) fn strays(helper: u32, mark: &str) {
    let marked = |id: &u32| {
        if session_of(*id) == Some(helper) {
            return true;
        }
        let environment =
            fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    };
    let find = || {
        let mut found = descendants(std::process::id());
        found.retain(marked);
        let below: Vec<u32> = found.iter().flat_map(|id| descendants(*id)).collect();
        found.extend(below);
        found
    };
    for id in end(find) {
        if let Some(id) = Pid::from_raw(id.cast_signed()) {
            // Only what has become a child of this process can be waited for.
            let _ = waitpid(Some(id), WaitOptions::empty());
        }
    }
}

fn end(find: impl Fn() -> Vec<u32>) -> BTreeSet<u32> {
    let mut stopped = BTreeSet::new();
    loop {
        let mut new = find();
        new.retain(|id| !stopped.contains(id));
        if new.is_empty() {
            break;
        }
        for id in new {
            signal(id, Signal::STOP);
            stopped.insert(id);
        }
    }
    for id in &stopped {
        signal(*id, Signal::KILL);
    }
    stopped
}

/// Sends a signal to a process that may have gone already.
pub(crate) fn signal(id: u32, signal: Signal) {
    if let Some(id) = Pid::from_raw(id.cast_signed()) {
        let _ = kill_process(id, signal);
    }
}

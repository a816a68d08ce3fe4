//! What a process uses: memory, descriptors, turns on a core.

use std::fs;
use std::time::Duration;

use super::event::Stop;
use super::{Event, Run};

/// The memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Its own: a copy of what it was sent is in here.
    pub own: u64,
}

impl Run {
    /// The memory of a process of the answer. The kernel counts its pages here: the
    /// figures in `status` are sums that every core keeps a part of to itself.
    #[must_use]
    pub fn memory(&self, process: u32) -> Memory {
        let pages = fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
        let pages = pages.unwrap_or_default();
        let line = pages
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        let kibibytes = number.and_then(|number| number.parse::<u64>().ok());
        Memory {
            own: kibibytes.unwrap_or(0) * 1024,
        }
    }

    /// What a process has open, as the kernel names it: `pipe:[12]`, a path, …
    #[must_use]
    pub fn descriptors(&self, process: u32) -> Vec<String> {
        let entries = fs::read_dir(format!("/proc/{process}/fd"));
        let targets = entries.into_iter().flatten().flatten();
        targets
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .map(|target| target.to_string_lossy().into_owned())
            .collect()
    }

    /// How often threads of the answer are put on a core while `time` passes and
    /// nobody is let in. Who waits for an event sleeps through it; who polls does
    /// not. A busy machine can only make the number smaller.
    ///
    /// # Errors
    ///
    /// [`Stop`] when the run comes to a bad end meanwhile.
    pub fn wakes(&mut self, time: Duration) -> Result<u64, Stop> {
        let slices =
            |run: &Run| run.look().threads().map(|it| it.slices).sum::<u64>();
        let before = slices(self);
        let until = std::time::Instant::now() + time;
        while std::time::Instant::now() < until {
            self.pump(Duration::from_millis(20))?;
        }
        Ok(slices(self).saturating_sub(before))
    }

    /// How often a task has been entered so far.
    #[must_use]
    pub fn entries(&self, task: u64) -> usize {
        let entered = self.log().iter().filter(|event| {
            matches!(event, Event::Entered(visit) if visit.task() == Some(task))
        });
        entered.count()
    }

    /// What has been told at the points of this name, in the order of coming.
    #[must_use]
    pub fn told_at(&self, point: &str) -> Vec<i64> {
        let number = |event: &Event| match event {
            Event::Entered(visit) if visit.is_at(point) => visit.number(),
            _ => None,
        };
        self.log().iter().filter_map(number).collect()
    }
}

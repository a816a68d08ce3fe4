//! Rest: the moment from which only the grader can wake the tree.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::waits::{Wait, waiting};
use crate::look::Look;

/// What the watch has found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Somebody runs, or may wake by itself soon.
    Busy,
    /// All wait for somebody else, and for ever.
    Rest,
    /// All wait, some with a time limit, and for a while nothing has come of it.
    Quiet,
    /// Processor time is spent and nothing comes of it.
    Spinning,
    /// There are so many processes that more of them can only be a mistake.
    Storm(usize),
}

/// How much longer a tree must bring nothing to be called quiet where the machine
/// is too busy to tell a poll from hard work.
const UNDER_LOAD: Duration = Duration::from_secs(3);
/// How often a thread must have woken without any event to count as one that looks
/// again in vain.
const IN_VAIN: u64 = 20;
/// Time on cores and waiting for them that a quiet tree may need.
const IDLE: u64 = 300_000_000;

/// Watches one tree.
#[derive(Debug)]
pub(super) struct Watch {
    /// Since when nothing has come from the tree.
    since: Instant,
    /// The last figures of every thread: on a core, waiting for one.
    seen: BTreeMap<u32, (u64, u64)>,
    /// How often every thread had been put on a core when nothing came any more.
    slices: BTreeMap<u32, u64>,
    running: u64,
    delayed: u64,
    /// In how many looks all were asleep. Who is only kept from a core never is.
    asleep: u32,
    /// Nanoseconds on cores without an event that count as spinning.
    spinning: u64,
    /// How long a tree with timed waits must bring nothing to be called quiet.
    quiet: Duration,
    /// How many processes are too many: far below the bound, at which the machine
    /// would be busy with nothing else.
    many: usize,
}

impl Watch {
    pub(super) fn new(spinning: Duration, quiet: Duration, many: usize) -> Watch {
        Watch {
            many,
            since: Instant::now(),
            seen: BTreeMap::new(),
            slices: BTreeMap::new(),
            running: 0,
            delayed: 0,
            asleep: 0,
            spinning: u64::try_from(spinning.as_nanos()).unwrap_or(u64::MAX),
            quiet,
        }
    }

    /// Something has come from the tree, or has been sent to it.
    pub(super) fn event(&mut self) {
        self.since = Instant::now();
        self.running = 0;
        self.delayed = 0;
        self.asleep = 0;
        self.slices.clear();
    }

    /// Looks twice. Threads that sleep in both looks and have not been put on a
    /// core between them slept at one common moment; if none of them wakes by
    /// itself, only somebody outside can wake the tree.
    ///
    /// `main` must be there: a tree without it is about to be reported as ended.
    pub(super) fn pace(&mut self, main: u32, look: impl Fn() -> Look) -> Pace {
        let first = look();
        self.add(&first);
        let count = first.processes.len();
        if count > self.many {
            return Pace::Storm(count);
        }
        if self.running > self.spinning {
            return Pace::Spinning;
        }
        let alive = first.living().any(|process| process.id == main);
        if !alive || !first.asleep() {
            return Pace::Busy;
        }
        self.asleep += 1;
        if look() == first && !timed(&first) {
            return Pace::Rest;
        }
        let passed = self.since.elapsed();
        let idle = self.running + self.delayed < IDLE;
        if passed >= self.quiet && idle && self.asleep >= 3
            || passed >= self.quiet + UNDER_LOAD && self.asleep >= 10
        {
            return Pace::Quiet;
        }
        Pace::Busy
    }

    /// How long nothing has come from the tree.
    pub(super) fn silence(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether any thread just lets time pass and may have a plan for later, as
    /// opposed to one that has looked for something again and again in vain.
    pub(super) fn sleeps(&self, look: &Look) -> bool {
        let wakes = |thread: u32| {
            let now = look
                .threads()
                .find(|it| it.id == thread)
                .map(|it| it.slices);
            let before = self.slices.get(&thread).copied();
            now.unwrap_or(0).saturating_sub(before.unwrap_or(0))
        };
        living_threads(look).any(|(process, thread)| {
            let sleeps =
                waiting(process, thread).is_none_or(|it| it.wait == Wait::Sleep);
            sleeps && wakes(thread) < IN_VAIN
        })
    }

    fn add(&mut self, look: &Look) {
        let mut seen = BTreeMap::new();
        for thread in look.threads() {
            let before = self.seen.get(&thread.id).copied().unwrap_or_default();
            self.running += thread.running.saturating_sub(before.0);
            self.delayed += thread.delayed.saturating_sub(before.1);
            seen.insert(thread.id, (thread.running, thread.delayed));
            self.slices.entry(thread.id).or_insert(thread.slices);
        }
        self.seen = seen;
    }
}

/// Whether any thread wakes by itself. Where the kernel does not tell, it may.
fn timed(look: &Look) -> bool {
    living_threads(look)
        .any(|(process, thread)| waiting(process, thread).is_none_or(|it| it.timed))
}

fn living_threads(look: &Look) -> impl Iterator<Item = (u32, u32)> {
    let threads = look.living().flat_map(|process| {
        process
            .threads
            .iter()
            .map(move |thread| (process.id, thread))
    });
    threads
        .filter(|(_, thread)| thread.state == 'S')
        .map(|(process, thread)| (process, thread.id))
}

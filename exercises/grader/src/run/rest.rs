//! Rest: the moment from which only the grader can wake the tree.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::waits::{Wait, waiting};
use crate::look::{Look, Thread, times_slept};

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
/// How many times the time that counts as spinning a thread may want a core without
/// sleeping, and which part of it must have been on one: on a busy machine it would
/// take too long to spend it all.
const STARVED: u64 = 3;
const FED: u64 = 6;

/// The figures of a thread when it was first seen after its last sleep. What has been
/// added to them since tells what it has done without sleeping.
#[derive(Clone, Debug)]
struct Awake {
    slept: Option<u64>,
    since: Thread,
    /// How often it had been put on a core in the last look.
    slices: u64,
}

impl Awake {
    /// How long a thread has had a core since, and how long it has waited for one.
    fn passed(&self, now: &Thread) -> (u64, u64) {
        (
            now.running.saturating_sub(self.since.running),
            now.delayed.saturating_sub(self.since.delayed),
        )
    }
}

/// Watches one tree.
#[derive(Debug)]
pub(super) struct Watch {
    /// Since when nothing has come from the tree.
    since: Instant,
    /// The last figures of every thread: on a core, waiting for one.
    seen: BTreeMap<u32, (u64, u64)>,
    /// How often every thread had been put on a core when nothing came any more.
    slices: BTreeMap<u32, u64>,
    /// Every thread at the beginning of what it has done without sleeping.
    awake: BTreeMap<u32, Awake>,
    running: u64,
    delayed: u64,
    /// In how many looks all were asleep.
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
            awake: BTreeMap::new(),
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
        self.awake.clear();
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
        if self.running > self.spinning || self.starves(&first) {
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
        let looks = passed >= self.quiet && idle && self.asleep >= 3
            || passed >= self.quiet + UNDER_LOAD && self.asleep >= 10;
        if looks && !self.restless(&first) {
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

    /// Whether any thread wants a core all the time and never sleeps. On a busy machine
    /// it is seldom on one, so that its processor time alone would tell it too late.
    fn starves(&self, look: &Look) -> bool {
        self.wakeful(look).any(|(running, delayed)| {
            running > self.spinning / FED
                && running + delayed > self.spinning * STARVED
        })
    }

    /// Whether any thread has wanted a core for long without sleeping. Its state does
    /// not tell: who asks for an ended child counts as asleep while he asks.
    fn restless(&self, look: &Look) -> bool {
        let long = self.quiet / 2;
        self.wakeful(look)
            .any(|(running, delayed)| Duration::from_nanos(running + delayed) > long)
    }

    /// For each thread how long it has had a core, and waited for one, without having
    /// slept.
    fn wakeful(&self, look: &Look) -> impl Iterator<Item = (u64, u64)> {
        look.threads()
            .filter_map(|thread| Some(self.awake.get(&thread.id)?.passed(thread)))
    }

    fn add(&mut self, look: &Look) {
        self.note_awake(look);
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

    fn note_awake(&mut self, look: &Look) {
        let mut awake = BTreeMap::new();
        for process in look.living() {
            for thread in &process.threads {
                let before = self.awake.remove(&thread.id);
                let still = before.filter(|before| {
                    // Without a core it cannot have gone to sleep again.
                    before.slices == thread.slices
                        || before.slept == times_slept(process.id, thread.id)
                });
                let now = still.unwrap_or_else(|| Awake {
                    slept: times_slept(process.id, thread.id),
                    since: thread.clone(),
                    slices: 0,
                });
                let slices = thread.slices;
                awake.insert(thread.id, Awake { slices, ..now });
            }
        }
        self.awake = awake;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Process;

    const SECOND: u64 = 1_000_000_000;
    /// No process has this id, so nothing tells that it has slept.
    const NOBODY: u32 = u32::MAX;

    fn watch() -> Watch {
        Watch::new(Duration::from_secs(3), Duration::ZERO, 100)
    }

    /// A process with one thread, after this time on a core and waiting for one.
    fn look(state: char, running: u64, delayed: u64) -> Look {
        let thread = Thread {
            id: NOBODY,
            state,
            running,
            delayed,
            slices: running + delayed,
        };
        let process = Process {
            id: NOBODY,
            parent: 0,
            name: "answer".to_owned(),
            state,
            threads: vec![thread],
        };
        Look {
            processes: BTreeMap::from([(NOBODY, process)]),
        }
    }

    #[test]
    fn spinning_is_seen_without_seconds_on_a_core() {
        let mut watch = watch();
        let mut pace =
            |running, delayed| watch.pace(NOBODY, || look('R', running, delayed));
        assert_eq!(pace(0, 0), Pace::Busy);
        assert_eq!(pace(SECOND / 4, 8 * SECOND), Pace::Busy);
        assert_eq!(pace(SECOND, 7 * SECOND), Pace::Busy);
        assert_eq!(pace(SECOND, 9 * SECOND), Pace::Spinning);
        watch.event();
        let pace = watch.pace(NOBODY, || look('R', SECOND, 99 * SECOND));
        assert_eq!(pace, Pace::Busy, "what came before an event does not count");
    }

    #[test]
    fn who_never_sleeps_is_not_quiet() {
        let paces = |delayed: u64| {
            let mut watch = watch();
            watch.quiet = Duration::from_secs(1);
            watch.since -= Duration::from_secs(10);
            let mut pace =
                |turn| watch.pace(NOBODY, || look('S', 0, delayed * turn));
            (0..100).map(&mut pace).collect::<Vec<_>>()
        };
        // It may look asleep for as long as it likes.
        assert!(paces(SECOND).iter().all(|pace| *pace == Pace::Busy));
        assert!(paces(0).contains(&Pace::Quiet));
    }
}

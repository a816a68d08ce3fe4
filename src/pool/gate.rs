//! Who may start which task: one word that the parent and a worker agree on.
//!
//! The word holds two counts: how many tasks the worker has started, and how
//! many it may start. The worker starts a task by raising the first, the parent
//! hands out tasks by raising the second and takes them back by lowering it;
//! each does so with a compare-and-swap of the whole word. So a task is started
//! or taken back, never both, and whatever instant either side is killed at,
//! the word says which tasks were started.
//!
//! Memory order: what the parent wrote before [`Gate::allow`] (release) is
//! visible to the worker after the [`Gate::start`] (acquire) that lets it in.

use crate::atomic::{AtomicU64, Ordering};

/// The number of tasks started and allowed since the worker began; both wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) started: u32,
    pub(crate) allowed: u32,
}

impl Counts {
    fn from_word(word: u64) -> Counts {
        Counts {
            started: (word >> 32) as u32,
            allowed: word as u32,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.started) << 32 | u64::from(self.allowed)
    }

    /// How many tasks may still be started.
    pub(crate) fn waiting(self) -> u32 {
        self.allowed.wrapping_sub(self.started)
    }
}

/// The word itself; all zeroes is a gate through which nothing went.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Gate(pub(crate) AtomicU64);

impl Gate {
    // ANCHOR: start
    /// The worker's step: starts the next task, if there is one.
    #[inline]
    pub(crate) fn start(&self) -> bool {
        self.change(|counts| {
            let started = counts.started.wrapping_add(1);
            (counts.waiting() > 0).then_some(Counts { started, ..counts })
        })
        .is_some()
    }
    // ANCHOR_END: start

    /// The parent's step: allows `count` more tasks.
    pub(crate) fn allow(&self, count: u32) {
        self.change(|counts| {
            let allowed = counts.allowed.wrapping_add(count);
            Some(Counts { allowed, ..counts })
        });
    }

    // ANCHOR: take_back
    /// The parent's other step: takes back up to `count` of the tasks that have
    /// not started, last first, and returns how many it got.
    pub(crate) fn take_back(&self, count: u32) -> u32 {
        let mut taken = 0;
        self.change(|counts| {
            taken = count.min(counts.waiting());
            let allowed = counts.allowed.wrapping_sub(taken);
            Some(Counts { allowed, ..counts })
        });
        taken
    }

    /// Changes nothing, and yet takes its turn among all changes: what the
    /// other side wrote before its last change is seen after this, and what
    /// was written before this is seen by the other side after its next.
    pub(crate) fn pass(&self) {
        self.0.fetch_add(0, Ordering::AcqRel);
    }
    // ANCHOR_END: take_back

    /// What both sides have agreed on so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts::from_word(self.0.load(Ordering::Acquire))
    }

    #[inline]
    fn change(
        &self,
        mut step: impl FnMut(Counts) -> Option<Counts>,
    ) -> Option<Counts> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = step(Counts::from_word(word))?;
            match self.0.compare_exchange_weak(
                word,
                next.word(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(next),
                Err(seen) => word = seen,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_wrap_around() {
        let last = Counts {
            started: u32::MAX,
            allowed: u32::MAX,
        };
        let gate = Gate(AtomicU64::new(last.word()));
        assert!(!gate.start());
        gate.allow(3);
        assert!(gate.start());
        assert_eq!(
            gate.counts(),
            Counts {
                started: 0,
                allowed: 2
            }
        );
        assert_eq!(gate.take_back(9), 2);
        assert!(!gate.start());
    }
}

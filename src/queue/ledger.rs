//! Which process has taken how many items and not marked them as done.
//!
//! Taking items moves two words: the queue's `got`, and the taker's own count.
//! A process can be killed between the two, so it first writes down what it is
//! about to take. Its death makes the next consumer read that, under the same
//! lock, and finish the entry if `got` had moved.
//!
//! A consumer that died leaves its entry to another one. What it had not marked
//! moves to the losses, of which the next `join` tells.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

use crate::error::{Error, Result};
use crate::identity::Identity;

/// How many processes can take items from one queue at a time.
const CONSUMERS: usize = 1024;

/// The most items that one entry can be about.
pub(crate) const MOST: u32 = (1 << 22) - 1;

/// The entries, and what is being entered; changed under the consumers' lock,
/// but for the counts of what is done.
#[repr(C, align(64))]
pub(crate) struct Ledger {
    intent: AtomicU64,
    losses: AtomicU64,
    /// The process that held the last of the losses.
    lost_by: AtomicU32,
    used: AtomicU32,
    consumers: [Consumer; CONSUMERS],
}

#[repr(C, align(64))]
struct Consumer {
    /// Zero while the entry is unused or is being prepared.
    identity: AtomicU64,
    taken: AtomicU64,
    done: AtomicU32,
}

/// How many items a consumer has taken, and where the queue stood after the
/// last of them, in one word.
#[derive(Clone, Copy)]
struct Taken {
    items: u32,
    last: u32,
}

/// Who is about to take how many items, and where the queue will stand then, in
/// one word.
#[derive(Clone, Copy)]
pub(crate) struct Intent {
    pub(crate) consumer: u32,
    pub(crate) items: u32,
    pub(crate) last: u32,
}

/// How many items died with consumers, and which entry they are being moved
/// from, in one word.
#[derive(Clone, Copy)]
struct Losses {
    count: u64,
    /// Counted from 1; 0 while nothing is being moved.
    from: usize,
}

/// The bits of [`Losses`] that hold the count; the entry has the other 11.
const COUNT_BITS: u32 = 53;

impl Ledger {
    /// This process's entry, if it has one.
    pub(crate) fn own_entry(&self) -> Option<u32> {
        let own = Some(Identity::own());
        let mut used = self.used().iter();
        let known = used.position(|entry| entry.identity() == own);
        known.map(|known| known as u32)
    }

    /// Makes an entry for this process, unless there is one; `last` is where the
    /// queue stands. Under the consumers' lock.
    pub(crate) fn register(&self, last: u32) -> Result<u32> {
        if let Some(known) = self.own_entry() {
            return Ok(known);
        }
        let own = Identity::own();
        let used = self.used();
        let index = if used.len() < CONSUMERS {
            used.len()
        } else {
            let free = used.iter().position(Consumer::can_be_reused);
            let free = free.ok_or(Error::TooManyConsumers { limit: CONSUMERS })?;
            self.give_up(free);
            free
        };
        let entry = &self.consumers[index];
        // The identity last: a death before leaves an entry of nobody.
        entry.identity.store(0, Ordering::SeqCst);
        entry.set_taken(Taken { items: 0, last });
        entry.done.store(0, Ordering::SeqCst);
        entry.identity.store(own.word(), Ordering::SeqCst);
        self.used.fetch_max(index as u32 + 1, Ordering::SeqCst);
        Ok(index as u32)
    }

    /// Writes down what is about to be taken, before `got` moves.
    pub(crate) fn intend(&self, intent: Intent) {
        self.intent.store(intent.word(), Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// Enters what was taken, after `got` has moved.
    pub(crate) fn enter(&self, intent: Intent) {
        compiler_fence(Ordering::SeqCst);
        let Some(entry) = self.consumers.get(intent.consumer as usize) else {
            return;
        };
        let taken = entry.taken();
        if taken.last != intent.last {
            entry.set_taken(Taken {
                items: taken.items.wrapping_add(intent.items),
                last: intent.last,
            });
        }
    }

    /// Finishes what a consumer was doing when it died: its entry, if the queue
    /// stands where it wanted to move it, and its giving up of another's entry.
    /// It does nothing if all that is done already.
    pub(crate) fn repair(&self, last: u32) {
        self.finish_giving_up();
        let intent = Intent::from_word(self.intent.load(Ordering::Relaxed));
        if intent.last == last && intent.items > 0 {
            self.enter(intent);
        }
    }

    /// Marks one item of this consumer as done; whether it was the last of
    /// those that it had.
    pub(crate) fn mark_done(&self, consumer: u32) -> Result<bool> {
        let entry = self.consumers.get(consumer as usize);
        let entry = entry.ok_or(Error::NothingTaken)?;
        // `taken` is read after each look at `done`: other threads of this
        // process may take items and mark them in between.
        let next =
            |done: u32| (done != entry.taken().items).then(|| done.wrapping_add(1));
        let done = entry
            .done
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .map_err(|_| Error::NothingTaken)?;
        Ok(done.wrapping_add(1) == entry.taken().items)
    }

    /// How many items are taken and not done, those that are lost and not told
    /// included. Under the consumers' lock.
    pub(crate) fn unfinished(&self) -> u64 {
        let entries = self.used().iter();
        let held: u64 = entries.map(|entry| u64::from(entry.unfinished())).sum();
        self.losses().count + held
    }

    /// Takes the items of dead consumers off the books; an error that says how
    /// many they were, if any. Under the consumers' lock.
    pub(crate) fn write_off(&self) -> Result<()> {
        for (index, entry) in self.used().iter().enumerate() {
            if entry.unfinished() > 0 && entry.can_be_reused() {
                self.give_up(index);
            }
        }
        let Losses { count, .. } = self.losses();
        if count == 0 {
            return Ok(());
        }
        let pid = self.lost_by.load(Ordering::SeqCst);
        // One store takes all of them: a death before it leaves all to the next
        // who joins, and a later one is that of somebody who was told.
        self.set_losses(Losses { count: 0, from: 0 });
        Err(Error::Lost { pid, count })
    }

    /// Moves what a dead consumer has not finished to the losses, and makes its
    /// entry one of nobody. Under the consumers' lock.
    ///
    /// Whenever this process is killed, each item is counted in one place. Until
    /// the losses are stored, it is in the entry: nothing else has changed but
    /// `lost_by`, which names a process whose items any report will include.
    /// That store adds the items and names the entry, both in one word. From
    /// then on they are lost, and whoever comes next under the lock finds the
    /// entry named and clears it (`repair`) before it counts anything. Clearing
    /// it twice does no harm, as it is given to nobody while it is named.
    fn give_up(&self, index: usize) {
        self.begin_giving_up(index);
        self.finish_giving_up();
    }

    fn begin_giving_up(&self, index: usize) {
        let entry = &self.consumers[index];
        let unfinished = u64::from(entry.unfinished());
        if let Some(dead) = entry.identity().filter(|_| unfinished > 0) {
            self.lost_by.store(dead.pid(), Ordering::SeqCst);
            let count = self.losses().count + unfinished;
            let from = index + 1;
            self.set_losses(Losses { count, from });
        }
    }

    fn finish_giving_up(&self) {
        let losses = self.losses();
        let index = losses.from.checked_sub(1);
        if let Some(entry) = index.and_then(|index| self.consumers.get(index)) {
            entry.identity.store(0, Ordering::SeqCst);
        }
        self.set_losses(Losses { from: 0, ..losses });
    }

    fn losses(&self) -> Losses {
        let word = self.losses.load(Ordering::SeqCst);
        Losses {
            count: word & ((1 << COUNT_BITS) - 1),
            from: (word >> COUNT_BITS) as usize,
        }
    }

    fn set_losses(&self, losses: Losses) {
        let count = losses.count.min((1 << COUNT_BITS) - 1);
        let word = (losses.from as u64) << COUNT_BITS | count;
        self.losses.store(word, Ordering::SeqCst);
    }

    fn used(&self) -> &[Consumer] {
        let used = self.used.load(Ordering::SeqCst) as usize;
        &self.consumers[..used.min(CONSUMERS)]
    }
}

impl Consumer {
    fn identity(&self) -> Option<Identity> {
        Identity::from_word(self.identity.load(Ordering::SeqCst))
    }

    fn taken(&self) -> Taken {
        let word = self.taken.load(Ordering::SeqCst);
        Taken {
            items: (word >> 32) as u32,
            last: word as u32,
        }
    }

    fn set_taken(&self, taken: Taken) {
        let word = u64::from(taken.items) << 32 | u64::from(taken.last);
        self.taken.store(word, Ordering::Release);
    }

    /// An entry of nobody may be half prepared: what is in it means nothing.
    fn unfinished(&self) -> u32 {
        if self.identity().is_none() {
            return 0;
        }
        let done = self.done.load(Ordering::SeqCst);
        self.taken().items.wrapping_sub(done)
    }

    fn can_be_reused(&self) -> bool {
        self.identity().is_none_or(|identity| identity.is_dead())
    }
}

impl Intent {
    fn word(self) -> u64 {
        u64::from(self.consumer) << 54
            | u64::from(self.items) << 32
            | u64::from(self.last)
    }

    fn from_word(word: u64) -> Intent {
        Intent {
            consumer: (word >> 54) as u32,
            items: (word >> 32) as u32 & MOST,
            last: word as u32,
        }
    }
}

#[cfg(test)]
impl Ledger {
    /// Writes over what the next consumer relies on, as no process should.
    pub(crate) fn scribble(&self, word: u64) {
        self.intent.store(word, Ordering::SeqCst);
        self.losses.store(word, Ordering::SeqCst);
        self.used.store(word as u32, Ordering::SeqCst);
        let entry = &self.consumers[word as usize % CONSUMERS];
        entry.taken.store(word, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;

//! Which process has taken how many items and not marked them as done.
//!
//! Taking items moves two words: the queue's `got`, and the taker's own count.
//! A process can be killed between the two, so it first writes down what it is
//! about to take. Its death makes the next consumer read that, under the same
//! lock, and finish the entry if `got` had moved.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

use crate::error::{Error, Result};
use crate::identity::Identity;

/// How many processes can take items from one queue.
const CONSUMERS: usize = 1024;

/// The most items that one entry can be about.
pub(crate) const MOST: u32 = (1 << 22) - 1;

/// The entries, and what is being entered; changed under the consumers' lock,
/// but for the counts of what is done.
#[repr(C, align(64))]
pub(crate) struct Ledger {
    intent: AtomicU64,
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

impl Ledger {
    /// Finds this process's entry, or makes one; `last` is where the queue
    /// stands. Under the consumers' lock.
    pub(crate) fn register(&self, last: u32) -> Result<u32> {
        let own = Identity::own();
        let used = self.used();
        let known = used.iter().position(|entry| entry.identity() == Some(own));
        if let Some(known) = known {
            return Ok(known as u32);
        }
        let index = if used.len() < CONSUMERS {
            used.len()
        } else {
            let free = used.iter().position(Consumer::can_be_reused);
            free.ok_or(Error::TooManyConsumers { limit: CONSUMERS })?
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

    /// Finishes the entry of a consumer that died, if the queue stands where it
    /// wanted to move it. It does nothing if the entry is there already.
    pub(crate) fn repair(&self, last: u32) {
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

    /// How many items are taken and not done. Under the consumers' lock.
    pub(crate) fn unfinished(&self) -> u64 {
        self.used()
            .iter()
            .map(|entry| u64::from(entry.unfinished()))
            .sum()
    }

    /// Takes the items of dead consumers off the books; an error that says how
    /// many they were, if any. Under the consumers' lock.
    pub(crate) fn write_off(&self) -> Result<()> {
        let mut loss = None;
        let mut count = 0;
        for entry in self.used().iter().filter(|entry| entry.unfinished() > 0) {
            if let Some(dead) = entry.identity().filter(|entry| entry.is_dead()) {
                count += u64::from(entry.unfinished());
                entry.done.store(entry.taken().items, Ordering::SeqCst);
                loss = Some(dead.pid());
            }
        }
        loss.map_or(Ok(()), |pid| Err(Error::Lost { pid, count }))
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

    fn unfinished(&self) -> u32 {
        let done = self.done.load(Ordering::SeqCst);
        self.taken().items.wrapping_sub(done)
    }

    fn can_be_reused(&self) -> bool {
        self.unfinished() == 0
            && self.identity().is_none_or(|identity| identity.is_dead())
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
        self.used.store(word as u32, Ordering::SeqCst);
        let entry = &self.consumers[word as usize % CONSUMERS];
        entry.taken.store(word, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::shared::{Memory, Shared, State};

    // SAFETY: it is `repr(C)` and all of it is atomic.
    #[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
    unsafe impl State for Ledger {
        type Tail = ();
        const KIND: [u8; 8] = *b"test   2";
    }

    fn ledger() -> Shared<Ledger> {
        Shared::new([0, 0]).expect("there is memory")
    }

    fn take(
        ledger: &Memory<Ledger>,
        consumer: u32,
        items: u32,
        last: u32,
    ) -> Intent {
        let intent = Intent {
            consumer,
            items,
            last,
        };
        ledger.intend(intent);
        intent
    }

    #[test]
    fn what_is_entered_can_be_done() {
        let ledger = ledger();
        let own = ledger.register(0).expect("there is a place");
        assert_eq!(ledger.register(5).expect("it is known"), own);
        assert!(ledger.mark_done(own).is_err());
        let intent = take(&ledger, own, 2, 2);
        ledger.enter(intent);
        assert_eq!(ledger.unfinished(), 2);
        assert!(!ledger.mark_done(own).expect("one of two"));
        assert!(ledger.mark_done(own).expect("the last"));
        assert!(ledger.mark_done(own).is_err());
        assert!(ledger.write_off().is_ok());
    }

    /// The entry is finished once, however often that is tried, and only if
    /// `got` had moved.
    #[test]
    fn a_death_in_between_is_repaired() {
        let ledger = ledger();
        let own = ledger.register(0).expect("there is a place");
        take(&ledger, own, 3, 3);
        ledger.repair(0);
        assert_eq!(ledger.unfinished(), 0);
        ledger.repair(3);
        ledger.repair(3);
        assert_eq!(ledger.unfinished(), 3);
        let intent = take(&ledger, own, 1, 4);
        ledger.enter(intent);
        ledger.repair(4);
        assert_eq!(ledger.unfinished(), 4);
    }

    /// Whoever has taken an item can mark it, whatever another thread takes and
    /// marks meanwhile.
    #[test]
    fn threads_of_one_consumer_mark_their_own() {
        const ROUNDS: u32 = 500_000;
        let ledger = ledger();
        let own = ledger.register(0).expect("there is a place");
        let position = Mutex::new(0);
        let work = || {
            for _ in 0..ROUNDS {
                let mut last = position.lock().expect("nobody has panicked");
                *last += 1;
                ledger.enter(take(&ledger, own, 1, *last));
                drop(last);
                ledger.mark_done(own).expect("it was taken");
            }
        };
        thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
        });
        assert_eq!(ledger.unfinished(), 0);
        assert!(ledger.mark_done(own).is_err());
    }
}

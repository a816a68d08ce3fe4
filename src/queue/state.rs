//! What a queue keeps in shared memory, and the steps that change it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::robust::{Before, Inside, RobustMutex};
use crate::shared::{self, Memory, Shared, Sizes};
use crate::sleepers::Sleepers;

use super::ledger::{self, Intent, Ledger};
use super::ring::{CORRUPT, LENGTH, Position, Ring, Span, WORD};

/// The most items and bytes: the positions must not come round in between.
const MOST_ITEMS: u64 = 1 << 30;
const MOST_BYTES: u64 = 1 << 33;

/// How long even a `try_put` waits for a lock that somebody has: usually for
/// some nanoseconds, unless its holder is stopped (`SIGSTOP`).
const GRACE: Duration = Duration::from_millis(100);

/// Buffers above this size are given back to the system.
const LARGE: usize = 1 << 20;

/// The queue's two sides, who sleeps, and who has taken what; the ring's words
/// follow. Sizes: the capacity in items, the capacity in bytes.
#[repr(C, align(64))]
pub(super) struct State {
    producers: Side,
    consumers: Side,
    /// Consumers sleep here until there is an item.
    items: Apart<Sleepers>,
    /// Producers sleep here until there is room.
    room: Apart<Sleepers>,
    /// Those who join sleep here until everything is done.
    done: Apart<Sleepers>,
    ledger: Ledger,
}

/// What producers or consumers write: a cache line apart from the other side.
#[repr(C, align(64))]
struct Side {
    lock: RobustMutex,
    /// How far this side has come: the commit word.
    position: AtomicU64,
    /// How far the other side had come when this one last looked.
    seen: AtomicU64,
}

/// Keeps two words that different processes write in different cache lines.
#[repr(C, align(64))]
struct Apart<T>(T);

/// What a process keeps to itself: its entry in the ledger, counted from 1; 0
/// until it takes something.
#[derive(Debug, Default)]
pub(super) struct Local(AtomicU32);

/// Makes a queue's memory.
pub(super) fn make(capacity: usize, bytes: usize) -> Result<Shared<State>> {
    Error::check_not_zero(capacity, "items")?;
    Error::check_not_zero(bytes, "bytes")?;
    Shared::new([capacity as u64, bytes as u64])
}

// SAFETY: all of it is `repr(C)`; the locks are a `State` themselves, the rest
// is atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl shared::State for State {
    type Tail = AtomicU64;
    const KIND: [u8; 8] = *b"queue  1";

    fn tail_length([capacity, bytes]: Sizes) -> Option<usize> {
        let fits = (1..=MOST_ITEMS).contains(&capacity)
            && (1..=MOST_BYTES).contains(&bytes);
        let words = usize::try_from(bytes.div_ceil(WORD as u64)).ok()?;
        fits.then(|| words.next_power_of_two())
    }

    fn initialize(memory: &Memory<Self>) -> Result<()> {
        memory.producers.lock.initialize()?;
        memory.consumers.lock.initialize()
    }
}

impl Memory<State> {
    pub(super) fn capacity(&self) -> usize {
        self.sizes()[0] as usize
    }

    /// The largest item that fits, in serialized bytes.
    pub(super) fn largest_item(&self) -> usize {
        (self.most().bytes()).saturating_sub(LENGTH)
    }

    /// What fits into the empty queue.
    fn most(&self) -> Span {
        let [items, bytes] = self.sizes();
        Span {
            items: items as u32,
            words: bytes.div_ceil(WORD as u64) as u32,
        }
    }

    pub(super) fn len(&self) -> usize {
        let got = Position::load(&self.consumers.position);
        let put = Position::load(&self.producers.position);
        (put.since(got).items as usize).min(self.capacity())
    }

    /// Puts as many of the framed items as there is room for, at least one,
    /// and returns their length; 0 when time is up.
    pub(super) fn publish(
        &self,
        framed: &[u8],
        deadline: Deadline,
    ) -> Result<usize> {
        let side = &self.producers;
        let mut first = true;
        loop {
            let Some(inside) = enter(&side.lock, deadline)? else {
                return Ok(0);
            };
            let put = Position::load(&side.position);
            if put.closed {
                return Err(Error::Closed);
            }
            let mut got = Position::load(&side.seen);
            let mut span = self.room(put, got)?.fitting(framed);
            if span.is_empty() {
                got = Position::load(&self.consumers.position);
                got.store(&side.seen);
                span = self.room(put, got)?.fitting(framed);
            }
            if !span.is_empty() {
                let bytes = span.bytes();
                self.ring().write(put.words, &framed[..bytes]);
                put.after(span).store(&side.position);
                drop(inside);
                self.items.0.wake_one();
                // Who was woken for the room wakes the next one: it may do, too.
                if !first {
                    self.room.0.wake_one();
                }
                return Ok(bytes);
            }
            drop(inside);
            if deadline.is_over() {
                return Ok(0);
            }
            self.room.0.look_or_sleep(
                c"in Queue::put",
                &mut first,
                deadline,
                || {
                    let put = Position::load(&side.position);
                    let got = Position::load(&self.consumers.position);
                    let room = self.room(put, got);
                    put.closed
                        || room.is_ok_and(|room| !room.fitting(framed).is_empty())
                },
            );
        }
    }

    /// Takes at most `limit` items into `framed` and returns how many; 0 when
    /// time is up.
    pub(super) fn take(
        &self,
        local: &Local,
        limit: u32,
        framed: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<u32> {
        let side = &self.consumers;
        let mut first = true;
        loop {
            let Some(inside) = self.enter_consumers(deadline)? else {
                return Ok(0);
            };
            let got = Position::load(&side.position);
            let mut put = Position::load(&side.seen);
            if put.since(got).is_empty() {
                put = Position::load(&self.producers.position);
                put.store(&side.seen);
            }
            let there = self.within(put.since(got))?;
            if !there.is_empty() {
                let limit = limit.min(ledger::MOST);
                let span = self.ring().measure(got.words, there, limit)?;
                framed.resize(span.bytes(), 0);
                self.ring().read(got.words, framed);
                self.commit(local, got, span)?;
                drop(inside);
                self.room.0.wake_one();
                if !first && there.items > span.items {
                    self.items.0.wake_one();
                }
                return Ok(span.items);
            }
            drop(inside);
            if put.closed {
                return Err(Error::Closed);
            }
            if deadline.is_over() {
                return Ok(0);
            }
            self.items.0.look_or_sleep(
                c"in Queue::get",
                &mut first,
                deadline,
                || {
                    let put = Position::load(&self.producers.position);
                    let got = Position::load(&side.position);
                    put.closed || !put.since(got).is_empty()
                },
            );
        }
    }

    /// Moves `got`, and enters into the ledger who did.
    fn commit(&self, local: &Local, got: Position, span: Span) -> Result<()> {
        let after = got.after(span);
        let intent = Intent {
            consumer: local.entry(&self.ledger, got)?,
            items: span.items,
            last: after.items,
        };
        self.ledger.intend(intent);
        after.store(&self.consumers.position);
        self.ledger.enter(intent);
        Ok(())
    }

    pub(super) fn close(&self) -> Result<()> {
        let side = &self.producers;
        let inside = enter(&side.lock, Deadline::NEVER)?;
        let put = Position::load(&side.position);
        Position {
            closed: true,
            ..put
        }
        .store(&side.position);
        drop(inside);
        self.items.0.wake_all_at_the_end();
        self.room.0.wake_all_at_the_end();
        Ok(())
    }

    pub(super) fn task_done(&self, local: &Local) -> Result<()> {
        // Another handle of this process may have been used to take items.
        let entry = local.known_entry().or_else(|| self.ledger.own_entry());
        let entry = entry.ok_or(Error::NothingTaken)?;
        let was_last = self.ledger.mark_done(entry)?;
        if was_last && self.len() == 0 {
            self.done.0.wake_all();
        }
        Ok(())
    }

    /// Waits until all is done; `false` when time is up.
    pub(super) fn join(&self, deadline: Deadline) -> Result<bool> {
        loop {
            let Some(inside) = self.enter_consumers(deadline)? else {
                return Ok(false);
            };
            if self.is_done() {
                return Ok(true);
            }
            self.ledger.write_off()?;
            drop(inside);
            if deadline.is_over() {
                return Ok(false);
            }
            self.done
                .0
                .sleep(c"in Queue::join", deadline, || self.is_done());
        }
    }

    fn is_done(&self) -> bool {
        self.len() == 0 && self.ledger.unfinished() == 0
    }

    /// Locks out the other consumers, and finishes what a dead one began.
    fn enter_consumers(&self, deadline: Deadline) -> Result<Option<Inside<'_>>> {
        let inside = enter(&self.consumers.lock, deadline)?;
        if inside.as_ref().is_some_and(|it| it.before == Before::Died) {
            let got = Position::load(&self.consumers.position);
            self.ledger.repair(got.items);
        }
        Ok(inside)
    }

    fn ring(&self) -> Ring<'_> {
        Ring(self.tail())
    }

    /// What can be put now.
    fn room(&self, put: Position, got: Position) -> Result<Span> {
        let used = self.within(put.since(got))?;
        let most = self.most();
        Ok(Span {
            items: most.items - used.items,
            words: most.words - used.words,
        })
    }

    /// Refuses positions that cannot be.
    fn within(&self, used: Span) -> Result<Span> {
        let most = self.most();
        if used.items > most.items || used.words > most.words {
            return Err(CORRUPT);
        }
        Ok(used)
    }
}

fn enter(lock: &RobustMutex, deadline: Deadline) -> Result<Option<Inside<'_>>> {
    if let Some(inside) = Inside::attempt(lock)? {
        return Ok(Some(inside));
    }
    Inside::enter(lock, deadline.at_least(GRACE))
}

impl Local {
    /// This process's entry in the ledger; under the consumers' lock.
    fn entry(&self, ledger: &Ledger, got: Position) -> Result<u32> {
        if let Some(entry) = self.known_entry() {
            return Ok(entry);
        }
        let entry = ledger.register(got.items)?;
        self.0.store(entry + 1, Ordering::Relaxed);
        Ok(entry)
    }

    fn known_entry(&self) -> Option<u32> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Lends this thread's buffer, empty.
pub(super) fn with_buffer<R>(mut work: impl FnMut(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let result = BUFFER.try_with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => {
            buffer.clear();
            let result = work(&mut buffer);
            if buffer.capacity() > LARGE {
                *buffer = Vec::new();
            }
            result
        }
        // It is lent already: an item's own serde code uses a queue.
        Err(_) => work(&mut Vec::new()),
    });
    result.unwrap_or_else(|_| work(&mut Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::ring;

    /// Whatever another process writes over the words of a queue, this one gets
    /// an error or wrong items.
    #[test]
    fn damage_is_an_error_and_nothing_worse() {
        let mut seed = 1_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed ^ seed >> 29
        };
        let soon = Deadline::after(Duration::ZERO);
        let mut refused = 0;
        for round in 0..4_000 {
            let queue = make(8, 256).expect("there is memory");
            let local = Local::default();
            let item = [5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0];
            for _ in 0..random() % 9 {
                queue.publish(&item, soon).expect("there is room");
            }
            let words = [
                &queue.producers.position,
                &queue.producers.seen,
                &queue.consumers.position,
                &queue.consumers.seen,
                &queue.tail()[round % queue.tail().len()],
            ];
            // Small changes get further than large ones.
            let change = random() >> (random() % 64);
            words[random() as usize % words.len()]
                .fetch_xor(change, Ordering::SeqCst);
            queue.ledger.scribble(random() >> (random() % 64));

            let mut framed = Vec::new();
            refused += u32::from(queue.publish(&item, soon).is_err());
            for limit in [1, 3, u32::MAX] {
                let taken = queue.take(&local, limit, &mut framed, soon);
                refused += u32::from(taken.is_err());
                assert!(
                    ring::frames(&framed).all(|frame| ring::item(frame).len() < 256)
                );
            }
            let _ = queue.task_done(&local);
            let _ = queue.join(soon);
            let _ = queue.close();
            assert!(queue.len() <= 8);
        }
        assert!(refused > 200, "{refused} calls were refused");
    }
}

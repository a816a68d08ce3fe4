//! What a queue keeps in shared memory, and the steps that change it.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::robust::{Before, Inside, RobustMutex};
use crate::shared::{self, Memory, Shared, Sizes};
use crate::sleepers::Sleepers;

use super::ledger::{self, Intent, Ledger};
use super::ring::{CORRUPT, LENGTH, Position, Ring, Span, WORD};

/// The most items and bytes: the positions must not come round in between.
const MOST_ITEMS: usize = 1 << 30;
const MOST_BYTES: usize = 1 << 33;

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

/// What a process keeps to itself.
#[derive(Debug)]
pub(super) struct Local {
    /// Its entry in the ledger; [`Local::NONE`] until it takes something.
    consumer: AtomicU32,
    /// Items taken behind one that could not be deserialized.
    kept: Mutex<Vec<u8>>,
    keeps: AtomicBool,
}

/// Makes a queue's memory.
pub(super) fn make(capacity: usize, bytes: usize) -> Result<Shared<State>> {
    for (size, most, what) in [
        (capacity, MOST_ITEMS, "items"),
        (bytes, MOST_BYTES, "bytes"),
    ] {
        if size == 0 {
            return Err(Error::Zero { what: what.into() });
        }
        if size > most {
            return Err(Error::TooLarge {
                size,
                capacity: most,
            });
        }
    }
    Shared::new([capacity as u64, bytes as u64])
}

// SAFETY: all of it is `repr(C)`; the locks are a `State` themselves, the rest
// is atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl shared::State for State {
    type Tail = AtomicU64;
    const KIND: [u8; 8] = *b"queue  1";

    fn tail_length([capacity, bytes]: Sizes) -> Option<usize> {
        let capacity = usize::try_from(capacity).ok()?;
        let bytes = usize::try_from(bytes).ok()?;
        let fits = (1..=MOST_ITEMS).contains(&capacity)
            && (1..=MOST_BYTES).contains(&bytes);
        fits.then(|| bytes.div_ceil(WORD).next_power_of_two())
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
        if let Some(kept) = local.kept(limit, framed) {
            return Ok(kept);
        }
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
                if there.items > span.items {
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
        self.items.0.wake_all();
        self.room.0.wake_all();
        Ok(())
    }

    pub(super) fn task_done(&self, local: &Local) -> Result<()> {
        let consumer = local.consumer.load(Ordering::Relaxed);
        let was_last = self.ledger.mark_done(consumer)?;
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
            if let Some(loss) = self.ledger.write_off() {
                return Err(Error::Lost {
                    pid: loss.pid,
                    count: loss.count,
                });
            }
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
    const NONE: u32 = u32::MAX;

    /// This process's entry; under the consumers' lock.
    fn entry(&self, ledger: &Ledger, got: Position) -> Result<u32> {
        match self.consumer.load(Ordering::Relaxed) {
            Local::NONE => {
                let entry = ledger.register(got.items)?;
                self.consumer.store(entry, Ordering::Relaxed);
                Ok(entry)
            }
            entry => Ok(entry),
        }
    }

    /// Keeps framed items for the next call.
    pub(super) fn keep(&self, framed: &[u8]) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.extend_from_slice(framed);
            self.keeps.store(!kept.is_empty(), Ordering::Relaxed);
        }
    }

    /// Moves at most `limit` of the kept items into `framed`.
    fn kept(&self, limit: u32, framed: &mut Vec<u8>) -> Option<u32> {
        if !self.keeps.load(Ordering::Relaxed) {
            return None;
        }
        let mut kept = self.kept.lock().ok()?;
        let most = Span {
            items: limit,
            words: u32::MAX,
        };
        let span = most.fitting(&kept);
        framed.extend(kept.drain(..span.bytes()));
        self.keeps.store(!kept.is_empty(), Ordering::Relaxed);
        (!span.is_empty()).then_some(span.items)
    }
}

impl Default for Local {
    fn default() -> Local {
        Local {
            consumer: AtomicU32::new(Local::NONE),
            kept: Mutex::default(),
            keeps: AtomicBool::new(false),
        }
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

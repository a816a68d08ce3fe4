//! A producer and a consumer, as src/queue/state.rs does it, without the locks
//! that keep other producers and consumers out.

use loom::sync::Arc;
use loom::thread;

use crate::atomic::{AtomicU32, AtomicU64};
use crate::deadline::Deadline;
use crate::ring::{Position, Ring, Span};
use crate::sleepers::Sleepers;

/// The ring has room for two items of one word each.
const WORDS: usize = 2;
/// So many go through it: the last one lies where the first one lay.
const ITEMS: u32 = 3;

struct Queue {
    words: [AtomicU64; WORDS],
    put: AtomicU64,
    got: AtomicU64,
    items: Sleepers,
    room: Sleepers,
}

impl Queue {
    fn new() -> Arc<Queue> {
        Arc::new(Queue {
            words: std::array::from_fn(|_| AtomicU64::new(0)),
            put: AtomicU64::new(0),
            got: AtomicU64::new(0),
            items: Sleepers(AtomicU32::new(0)),
            room: Sleepers(AtomicU32::new(0)),
        })
    }

    fn there(&self) -> Span {
        Position::load(&self.put).since(Position::load(&self.got))
    }

    /// Puts an item of four bytes; `false` when there is no room.
    fn try_put(&self, item: u32) -> bool {
        if self.there().words as usize == WORDS {
            return false;
        }
        let put = Position::load(&self.put);
        let mut frame = [0; 8];
        frame[..4].copy_from_slice(&4_u32.to_le_bytes());
        frame[4..].copy_from_slice(&item.to_le_bytes());
        Ring(&self.words).write(put.words, &frame);
        let one = Span { items: 1, words: 1 };
        put.after(one).store(&self.put);
        self.items.wake_one();
        true
    }

    /// Takes an item if there is one.
    fn try_get(&self) -> Option<u32> {
        let got = Position::load(&self.got);
        let there = self.there();
        if there.is_empty() {
            return None;
        }
        let ring = Ring(&self.words);
        let span = ring.measure(got.words, there, 1).expect("is in order");
        let mut frame = [0; 8];
        ring.read(got.words, &mut frame);
        got.after(span).store(&self.got);
        self.room.wake_one();
        let (length, item) = frame.split_at(4);
        assert_eq!(length, 4_u32.to_le_bytes());
        Some(u32::from_le_bytes(item.try_into().expect("four bytes")))
    }

    fn close(&self) {
        let put = Position::load(&self.put);
        Position {
            closed: true,
            ..put
        }
        .store(&self.put);
        self.items.wake_all_at_the_end();
        self.room.wake_all_at_the_end();
    }

    fn is_closed(&self) -> bool {
        Position::load(&self.put).closed
    }

    fn put(&self, item: u32) {
        while !self.try_put(item) {
            self.room.sleep(c"put", Deadline::NEVER, || {
                (self.there().words as usize) < WORDS
            });
        }
    }

    /// The next item; none when the queue is closed and empty.
    fn get(&self) -> Option<u32> {
        loop {
            // In this order: what is put before the end is not overlooked.
            let closed = self.is_closed();
            if let Some(item) = self.try_get() {
                return Some(item);
            }
            if closed {
                return None;
            }
            self.items.sleep(c"get", Deadline::NEVER, || {
                self.is_closed() || !self.there().is_empty()
            });
        }
    }
}

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

/// The consumer takes what it sees, at whatever moment it looks. It is the thread
/// that is started, as the checker lets the first one go ahead and the other one
/// see as little of that as it may.
pub(super) fn an_item_is_seen_whole() {
    check(|| {
        let queue = Queue::new();
        let consumer = thread::spawn({
            let queue = queue.clone();
            move || {
                for expected in 1..=ITEMS {
                    let Some(item) = queue.try_get() else {
                        break;
                    };
                    assert_eq!(item, expected);
                }
            }
        });
        for item in 1..=ITEMS {
            queue.try_put(item);
        }
        consumer.join().expect("does not panic");
    });
}

pub(super) fn nobody_sleeps_while_there_are_items_or_room() {
    check(|| {
        let queue = Queue::new();
        let producer = thread::spawn({
            let queue = queue.clone();
            move || (1..=ITEMS).for_each(|item| queue.put(item))
        });
        for expected in 1..=ITEMS {
            assert_eq!(queue.get(), Some(expected));
        }
        producer.join().expect("does not panic");
    });
}

pub(super) fn nobody_sleeps_when_the_queue_is_closed() {
    check(|| {
        let queue = Queue::new();
        let producer = thread::spawn({
            let queue = queue.clone();
            move || {
                queue.put(1);
                queue.close();
            }
        });
        assert_eq!(queue.get(), Some(1));
        assert_eq!(queue.get(), None);
        producer.join().expect("does not panic");
    });
}

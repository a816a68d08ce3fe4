//! A bounded queue between any number of processes.

mod ledger;
mod ring;
mod state;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::handle;
use crate::shared::Shared;
use crate::trace;
use state::{Local, State};

/// The bytes of items that a queue holds unless told otherwise: at least this
/// much, and [`USUAL_ITEM`] for each item, but not more than [`MUCH`].
const USUAL_BYTES: usize = 4 << 20;
const USUAL_ITEM: usize = 64;
const MUCH: usize = 1 << 30;

/// How many bytes `put_many` collects before it makes them visible.
const BATCH: usize = 64 << 10;

/// A first-in, first-out queue in memory that processes share.
///
/// Any number of processes put items and take them. The queue is bounded, in
/// items and in bytes: who puts into a full queue waits until there is room,
/// and so a fast producer cannot fill the memory. Any of them may be killed at
/// any moment: what it had put is there, once and whole; what it had taken dies
/// with it; the others go on.
///
/// ```text
///     producer        queue: [ 7 | 8 | 9 |   ]        consumer
///     put(&10) ────────────────────────> ┘
///                              └──────────────────> get() → 7
/// ```
///
/// [`close`](Queue::close) says that nothing more will come; then a consumer's
/// loop over the queue ends once it is empty. Python needs a sentinel for each
/// consumer instead.
///
/// An item travels as bytes, so a handle (a queue, a connection, shared memory)
/// cannot be inside; [`Error::HandleCannotTravel`] says so.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Process, Queue, Result};
///
/// fn double((numbers, doubled): (Queue<u32>, Queue<u32>)) -> Result<()> {
///     for number in &numbers {
///         doubled.put(&(2 * number?))?;
///     }
///     doubled.close()
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let numbers = Queue::new(8)?;
///     let doubled = Queue::new(8)?;
///     let worker = Process::spawn(double, (numbers.clone(), doubled.clone()))?;
///     numbers.put_many(&[1, 2, 3])?;
///     numbers.close()?;
///     assert_eq!(doubled.iter().collect::<Result<Vec<_>>>()?, [2, 4, 6]);
///     worker.join()?
/// }
/// ```
#[doc(alias = "JoinableQueue")]
#[doc(alias = "SimpleQueue")]
#[doc(alias = "channel")]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Queue<T> {
    shared: Shared<State>,
    /// What this process knows; every process has its own.
    #[serde(skip)]
    local: Arc<Local>,
    #[serde(skip)]
    item: PhantomData<fn(T) -> T>,
}

impl<T> Queue<T> {
    /// Makes a queue for at most `capacity` items.
    ///
    /// It holds 4 MiB of serialized items, or 64 bytes for each of `capacity`
    /// if that is more; memory is taken up when it is first used.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`] for a capacity of zero; [`Error::Io`] when the system has
    /// no memory or descriptor for it, or for more than 2³⁰ items.
    pub fn new(capacity: usize) -> Result<Queue<T>> {
        let usual = capacity.saturating_mul(USUAL_ITEM);
        Queue::with_bytes(capacity, usual.clamp(USUAL_BYTES, MUCH))
    }

    /// Makes a queue for at most `capacity` items and `bytes` bytes of them.
    ///
    /// An item takes up 4 bytes more than it has when serialized, rounded up to
    /// a multiple of 8.
    ///
    /// # Errors
    ///
    /// As for [`new`](Queue::new), also for `bytes`, of which there may be 2³³.
    pub fn with_bytes(capacity: usize, bytes: usize) -> Result<Queue<T>> {
        Ok(Queue {
            shared: state::make(capacity, bytes)?,
            local: Arc::default(),
            item: PhantomData,
        })
    }

    /// Says that nothing more will be put; what is in the queue stays.
    ///
    /// A waiting `put` fails with [`Error::Closed`], as does a `get` once the
    /// queue is empty. Closing twice is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] or [`Error::Io`] when a process has damaged the
    /// queue.
    pub fn close(&self) -> Result<()> {
        self.shared.close()
    }

    /// How many items are in the queue at this moment.
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether the queue is empty at this moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items the queue can hold.
    #[doc(alias = "maxsize")]
    pub fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    /// Says that an item that this process has taken is dealt with.
    ///
    /// # Errors
    ///
    /// [`Error::NothingTaken`] when that is true of all that it has taken.
    pub fn task_done(&self) -> Result<()> {
        self.shared.task_done(&self.local)
    }

    /// Waits until every item that was put is taken and marked as done.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when a consumer has died with items that it had taken
    /// and not marked; these are taken off the books, and another `join` waits
    /// for the rest.
    pub fn join(&self) -> Result<()> {
        while !self.shared.join(Deadline::NEVER)? {}
        Ok(())
    }

    /// Waits at most `timeout` for the same; `false` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`join`](Queue::join).
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool> {
        self.shared.join(Deadline::after(timeout))
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts `item` at the end of the queue, as soon as there is room.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`]; [`Error::TooLarge`] for an item that can never fit;
    /// [`Error::Encode`] and [`Error::HandleCannotTravel`] for one that cannot
    /// be serialized. The queue is unchanged then.
    pub fn put(&self, item: &T) -> Result<()> {
        while !self.put_until(item, Deadline::NEVER)? {}
        Ok(())
    }

    /// Puts `item` if there is room at once; `false` if the queue is full.
    ///
    /// # Errors
    ///
    /// As for [`put`](Queue::put).
    #[doc(alias = "put_nowait")]
    pub fn try_put(&self, item: &T) -> Result<bool> {
        self.put_until(item, Deadline::after(Duration::ZERO))
    }

    /// Waits at most `timeout` for room; `false` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`put`](Queue::put).
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<bool> {
        self.put_until(item, Deadline::after(timeout))
    }

    /// Puts all `items`, in order, as soon as there is room for each.
    ///
    /// It costs less than as many calls of `put`. Another producer's items may
    /// come between them.
    ///
    /// # Errors
    ///
    /// As for [`put`](Queue::put). The items before one that cannot be
    /// serialized are in the queue then.
    pub fn put_many(&self, items: &[T]) -> Result<()> {
        let _span = trace::span("queue", "put_many");
        state::with_buffer(|framed| {
            for item in items {
                let added = self.frame(item, framed);
                if added.is_err() || framed.len() >= BATCH {
                    self.publish_all(framed)?;
                    framed.clear();
                }
                added?;
            }
            self.publish_all(framed)
        })
    }

    fn put_until(&self, item: &T, deadline: Deadline) -> Result<bool> {
        let _span = trace::span("queue", "put");
        state::with_buffer(|framed| {
            self.frame(item, framed)?;
            Ok(self.shared.publish(framed, deadline)? > 0)
        })
    }

    fn publish_all(&self, framed: &[u8]) -> Result<()> {
        let mut rest = framed;
        while !rest.is_empty() {
            rest = &rest[self.shared.publish(rest, Deadline::NEVER)?..];
        }
        Ok(())
    }

    fn frame(&self, item: &T, framed: &mut Vec<u8>) -> Result<()> {
        let start = framed.len();
        let size = ring::frame(framed, |bytes| handle::encode(item, bytes))?;
        let capacity = self.shared.largest_item();
        if size > capacity {
            framed.truncate(start);
            return Err(Error::TooLarge { size, capacity });
        }
        Ok(())
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Takes the item at the front, as soon as there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once the queue is closed and empty; [`Error::Decode`]
    /// for an item that cannot be deserialized: it is taken all the same;
    /// [`Error::TooManyConsumers`]; [`Error::Corrupt`] when a process has
    /// damaged the queue.
    pub fn get(&self) -> Result<T> {
        loop {
            if let Some(item) = self.get_until(Deadline::NEVER)? {
                return Ok(item);
            }
        }
    }

    /// Takes the item at the front; `None` if the queue is empty.
    ///
    /// # Errors
    ///
    /// As for [`get`](Queue::get).
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<Option<T>> {
        self.get_until(Deadline::after(Duration::ZERO))
    }

    /// Waits at most `timeout` for an item; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`get`](Queue::get).
    pub fn get_timeout(&self, timeout: Duration) -> Result<Option<T>> {
        self.get_until(Deadline::after(timeout))
    }

    /// Takes what is there, at least one item and at most `limit`.
    ///
    /// It costs less than as many calls of `get`.
    ///
    /// # Errors
    ///
    /// As for [`get`](Queue::get); [`Error::Zero`] for a limit of zero. If one
    /// of the items cannot be deserialized, all that were taken with it are
    /// gone: take items that may be bad one by one.
    pub fn get_many(&self, limit: usize) -> Result<Vec<T>> {
        Error::check_not_zero(limit, "items")?;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        loop {
            let items = self.take(limit, Deadline::NEVER)?;
            if !items.is_empty() {
                return Ok(items);
            }
        }
    }

    /// Takes items one after another, waiting for each, until the queue is
    /// closed and empty.
    pub fn iter(&self) -> Items<'_, T> {
        Items { queue: self }
    }

    fn get_until(&self, deadline: Deadline) -> Result<Option<T>> {
        let _span = trace::span("queue", "get");
        state::with_buffer(|framed| {
            let taken = self.shared.take(&self.local, 1, framed, deadline)?;
            if taken == 0 {
                return Ok(None);
            }
            codec::decode(ring::item(framed)).map(Some)
        })
    }

    fn take(&self, limit: u32, deadline: Deadline) -> Result<Vec<T>> {
        let _span = trace::span("queue", "get_many");
        state::with_buffer(|framed| {
            let taken = self.shared.take(&self.local, limit, framed, deadline)?;
            let mut items = Vec::with_capacity(taken as usize);
            for frame in ring::frames(framed) {
                items.push(codec::decode(ring::item(frame))?);
            }
            Ok(items)
        })
    }
}

/// The items of a [`Queue`], as they come.
///
/// # Examples
///
/// ```
/// # fn main() -> multiproc::Result<()> {
/// let queue = multiproc::Queue::new(3)?;
/// queue.put_many(&["a".to_string(), "b".to_string()])?;
/// queue.close()?;
/// for item in &queue {
///     println!("{}", item?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Items<'a, T> {
    queue: &'a Queue<T>,
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.queue.get() {
            Err(Error::Closed) => None,
            item => Some(item),
        }
    }
}

impl<'a, T: DeserializeOwned> IntoIterator for &'a Queue<T> {
    type Item = Result<T>;
    type IntoIter = Items<'a, T>;

    fn into_iter(self) -> Items<'a, T> {
        self.iter()
    }
}

impl<T> Clone for Queue<T> {
    /// Makes another handle to the same queue.
    fn clone(&self) -> Queue<T> {
        Queue {
            shared: self.shared.clone(),
            local: Arc::clone(&self.local),
            item: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

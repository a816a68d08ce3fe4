//! The caller's side of a map: items in, results out.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::image;
use crate::pool::job::{Arrived, Batch, Command, Inbox, Shared, Taken};
use crate::pool::record::Functions;
use crate::pool::worker::{TaskTrampoline, run_task};

/// The most tasks on their way at a time.
const MOST_TASKS: usize = 64 * 1024;
/// The most bytes on their way at a time, roughly.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many tasks and bytes are handed to the router at a time.
const BATCH_TASKS: usize = 4 * 1024;
const BATCH_BYTES: usize = 64 * 1024;
/// When results come faster than this, more tasks should be on their way.
const FAST: Duration = Duration::from_millis(1);
/// When they come slower than this, fewer are enough.
const SLOW: Duration = Duration::from_millis(50);

/// Which functions of this program a task calls.
pub(crate) fn functions<A: DeserializeOwned, R: Serialize>(
    function: fn(A) -> R,
) -> Result<Functions> {
    let trampoline = run_task::<A, R> as TaskTrampoline as usize;
    Ok(Functions {
        trampoline: image::offset(trampoline)?,
        function: image::offset(function as usize)?,
    })
}

/// Pulls items as results are taken, and never far ahead of them.
pub(crate) struct Feed<A, R, I: Iterator<Item = A>> {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    functions: Functions,
    items: std::iter::Fuse<I>,
    /// How many items were pulled, and how many of their results came.
    pulled: usize,
    received: usize,
    /// Items that could not be turned into bytes.
    refused: VecDeque<(usize, Error)>,
    arrived: Arrived,
    taken: Taken,
    window: usize,
    bytes_sent: usize,
    waited: Instant,
    result: PhantomData<fn(A) -> R>,
}

impl<A, R, I> Feed<A, R, I>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    I: Iterator<Item = A>,
{
    pub(crate) fn new(
        shared: &Arc<Shared>,
        function: fn(A) -> R,
        items: impl IntoIterator<IntoIter = I>,
    ) -> Result<Feed<A, R, I>> {
        Ok(Feed {
            shared: shared.clone(),
            inbox: Arc::default(),
            functions: functions(function)?,
            items: items.into_iter().fuse(),
            pulled: 0,
            received: 0,
            refused: VecDeque::new(),
            arrived: Arrived::default(),
            taken: Taken::default(),
            window: smallest_window(shared),
            bytes_sent: 0,
            waited: Instant::now(),
            result: PhantomData,
        })
    }

    /// The next result to arrive, with its item's position. `kept` results
    /// that arrived earlier still wait for the caller: they count as on their
    /// way, so that a slow first item does not pile up the results of others.
    pub(crate) fn next(&mut self, kept: usize) -> Option<(usize, Result<R>)> {
        loop {
            if let Some(result) = self.taken.next(&mut self.arrived) {
                self.received += 1;
                return Some(result);
            }
            self.submit(kept);
            if let Some((index, error)) = self.refused.pop_front() {
                self.received += 1;
                return Some((index, Err(error)));
            }
            if self.received == self.pulled {
                return None;
            }
            self.wait();
        }
    }

    /// Pulls items and sends them off, as far as the window allows.
    fn submit(&mut self, kept: usize) {
        loop {
            let before = self.pulled;
            let mut batch = Batch::new(&self.inbox, self.functions, before);
            while self.pulled - self.received + kept < self.limit()
                && batch.len() < BATCH_TASKS
                && batch.size() < BATCH_BYTES
            {
                let Some(item) = self.items.next() else { break };
                let index = self.pulled;
                self.pulled += 1;
                if let Err(error) = batch.push(&item) {
                    self.refused.push_back((index, error));
                    // The tasks of a batch follow each other.
                    break;
                }
            }
            if batch.len() > 0 {
                self.bytes_sent += batch.size();
                self.shared.command(Command::Submit(batch));
            }
            if self.pulled == before {
                return;
            }
        }
    }

    /// How many items may be on their way: the window, or fewer large ones.
    fn limit(&self) -> usize {
        let item_bytes = self.bytes_sent / self.pulled.max(1);
        let by_bytes = MOST_BYTES / item_bytes.max(1);
        self.window.min(by_bytes).max(2 * self.shared.workers)
    }

    /// Waits for results; learns from how long it took.
    fn wait(&mut self) {
        self.inbox
            .wait(&self.shared, &mut self.arrived, Deadline::NEVER);
        self.taken = Taken::default();
        if self.arrived.is_empty() {
            // The pool has ended: nothing more will come.
            for index in self.received..self.pulled {
                self.arrived.push_error(index, Error::Cancelled);
            }
        }
        let elapsed = self.waited.elapsed();
        self.waited = Instant::now();
        if elapsed < FAST {
            self.window = (2 * self.window).min(MOST_TASKS);
        } else if elapsed > SLOW {
            self.window = (self.window / 2).max(smallest_window(&self.shared));
        }
    }
}

/// Enough that every worker has a task in hand and the next one waiting.
fn smallest_window(shared: &Shared) -> usize {
    2 * shared.workers * shared.chunk
}

impl<A, R, I: Iterator<Item = A>> Drop for Feed<A, R, I> {
    fn drop(&mut self) {
        if self.received < self.pulled {
            self.inbox.abandoned.store(true, Ordering::Relaxed);
            let inbox = self.inbox.clone();
            self.shared.command(Command::Cancel {
                inbox,
                running: false,
            });
        }
    }
}

impl<A, R, I: Iterator<Item = A>> fmt::Debug for Feed<A, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("pulled", &self.pulled)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

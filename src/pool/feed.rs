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
use crate::pool::job::{Arrived, Batch, Command, Haste, Inbox, Shared, Taken, lock};
use crate::pool::record::Functions;
use crate::pool::worker::{TaskTrampoline, run_task};

/// The most tasks on their way at a time.
const MOST_TASKS: usize = 64 * 1024;
/// The most bytes on their way at a time, roughly.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many tasks and bytes are handed to the router at a time.
const BATCH_TASKS: usize = 4 * 1024;
const BATCH_BYTES: usize = 64 * 1024;
/// For how many results memory is set aside at most, on the input's own word.
const SURE: usize = 64 * 1024;
/// When results come faster than this, more tasks should be on their way: so many
/// that they take about as long, but at most so many times more.
const FAST: Duration = Duration::from_millis(1);
const MOST_GROWTH: u128 = 16;
/// Where the reader may stop at any time, quick results alone are no reason to
/// read far ahead of it: so many tasks for each that came, and fewer in all.
const MOST_FOR_EACH: usize = 16;
const MOST_LAZY_TASKS: usize = 16 * 1024;
/// When an item comes later than this, the workers wait for it.
const LATE: Duration = Duration::from_millis(10);
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
    /// None when it has ended.
    items: Option<I>,
    /// Whether serde code is at work on the last item that was pulled.
    is_writing: bool,
    /// Items on their way to the router, and since when. It is kept here, so
    /// that nothing in it is lost when the input panics.
    batch: Batch,
    begun: Instant,
    /// How many items were pulled, and how many of their results came.
    pulled: usize,
    received: usize,
    /// Items that could not be turned into bytes.
    refused: VecDeque<(usize, Error)>,
    arrived: Arrived,
    taken: Taken,
    /// Whether all results are wanted in any case.
    is_eager: bool,
    window: usize,
    /// How many items may be on their way: the window, or fewer large ones.
    limit: usize,
    /// How much was sent: tasks, and the bytes of their records.
    sent: usize,
    bytes_sent: usize,
    waited: Instant,
    /// How many results had come when their pace was last judged, and since when
    /// later ones may have come.
    judged: (usize, Instant),
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
        let functions = functions(function)?;
        let inbox = Arc::default();
        let window = smallest_window(shared);
        Ok(Feed {
            shared: shared.clone(),
            batch: Batch::new(&inbox, functions, 0),
            inbox,
            items: Some(items.into_iter()),
            is_writing: false,
            begun: Instant::now(),
            pulled: 0,
            received: 0,
            refused: VecDeque::new(),
            arrived: Arrived::default(),
            taken: Taken::default(),
            is_eager: false,
            window,
            limit: window,
            sent: 0,
            bytes_sent: 0,
            waited: Instant::now(),
            judged: (0, Instant::now()),
            result: PhantomData,
        })
    }

    /// For who wants all results in any case: begins with as many items on their
    /// way as the last map of the same function had at its end, as they will
    /// mostly take about as long.
    pub(crate) fn begin_as_learned(&mut self) {
        self.is_eager = true;
        if let Some((known, window)) = *lock(&self.shared.learned)
            && known == self.batch.functions
        {
            self.window = self.window.max(window.min(BATCH_TASKS));
            self.limit = self.window;
        }
    }

    /// For how many results to set memory aside before they come.
    pub(crate) fn at_least(&self) -> usize {
        let items = self.items.as_ref();
        items.map_or(0, |items| items.size_hint().0.min(SURE))
    }

    /// The next result to arrive, with its item's position. `kept` results
    /// that arrived earlier still wait for the caller: they count as on their
    /// way, so that a slow first item does not pile up the results of others.
    #[inline]
    pub(crate) fn next(
        &mut self,
        kept: usize,
    ) -> Option<(usize, Result<R, Box<Error>>)> {
        loop {
            if let Some(result) = self.taken.next(&mut self.arrived) {
                self.received += 1;
                return Some(result);
            }
            if let Some(refused) = self.refill(kept) {
                self.received += 1;
                let (index, error) = refused;
                return Some((index, Err(error)));
            }
            if self.received == self.pulled {
                return None;
            }
        }
    }

    /// Sends items off and waits for results; gives the next item back, if it
    /// was refused.
    #[inline(never)]
    fn refill(&mut self, kept: usize) -> Option<(usize, Box<Error>)> {
        self.submit(kept);
        if let Some((index, error)) = self.refused.pop_front() {
            // The caller does not wait now.
            self.shared.look_soon();
            return Some((index, Box::new(error)));
        }
        if self.received < self.pulled {
            self.wait();
        }
        None
    }

    /// Pulls items and sends them off, as far as the window allows.
    fn submit(&mut self, kept: usize) {
        if self.is_writing {
            self.give_up_item();
        }
        if self.shared.closing.load(Ordering::Relaxed) || self.shared.has_ended() {
            self.refuse_item();
        }
        while self.pulled - self.received + kept < self.limit && self.pull() {
            if let Some(haste) = self.is_enough() {
                self.send(haste);
            }
        }
        self.send(Haste::Mine);
    }

    /// Appends the next item to the batch; `false` when there is none.
    fn pull(&mut self) -> bool {
        let Some(item) = self.items.as_mut().and_then(Iterator::next) else {
            self.items = None;
            return false;
        };
        let index = self.pulled;
        self.pulled += 1;
        self.is_writing = true;
        let pushed = self.batch.push(&item);
        self.is_writing = false;
        if let Err(error) = pushed {
            self.refuse(index, error);
        }
        true
    }

    /// Whether the batch should be on its way before another item is pulled.
    fn is_enough(&mut self) -> Option<Haste> {
        let tasks = self.batch.len();
        if tasks == 1 {
            self.begun = Instant::now();
        }
        // The workers may have nothing to do, and the next item may come late.
        let delivered = self.inbox.delivered.load(Ordering::Relaxed);
        let are_few = self.sent + tasks <= delivered.saturating_add(self.few());
        if are_few {
            // After an item that came late, the next one may do so too.
            let is_late = self.waited.elapsed() > LATE;
            return Some(if is_late { Haste::Now } else { Haste::Soon });
        }
        if tasks >= BATCH_TASKS || self.batch.size() >= BATCH_BYTES {
            return Some(Haste::Here);
        }
        let takes_long = tasks.is_power_of_two() && self.begun.elapsed() > FAST;
        takes_long.then_some(Haste::Soon)
    }

    /// Sends the batch off, and begins the next one.
    fn send(&mut self, haste: Haste) {
        let next = self.batch.following(self.pulled);
        let batch = std::mem::replace(&mut self.batch, next);
        if batch.len() > 0 {
            self.sent += batch.len();
            self.bytes_sent += batch.size();
            self.shared.command(Command::Submit(batch), haste);
            self.set_limit();
        }
    }

    /// Notes that an item cannot be sent. The tasks of a batch follow each
    /// other, so another one begins.
    fn refuse(&mut self, index: usize, error: Error) {
        self.refused.push_back((index, error));
        self.send(Haste::Soon);
    }

    /// Serde code panicked at the last item, and the caller goes on all the
    /// same: the item keeps its place.
    fn give_up_item(&mut self) {
        self.is_writing = false;
        self.batch.forget_half();
        let message = "it panicked".into();
        self.refuse(self.pulled - 1, Error::Encode { message });
    }

    /// The pool ends. If there was another item, it tells the caller so; the
    /// input is not pulled any further.
    fn refuse_item(&mut self) {
        let next = self.items.take().and_then(|mut items| items.next());
        if next.is_some() {
            self.pulled += 1;
            self.refuse(self.pulled - 1, Error::Cancelled);
        }
    }

    /// So few tasks that workers may have nothing to do.
    fn few(&self) -> usize {
        self.shared.workers.saturating_mul(2)
    }

    fn set_limit(&mut self) {
        let item_bytes = self.bytes_sent / self.sent.max(1);
        let by_bytes = MOST_BYTES / item_bytes.max(1);
        self.limit = self.window.min(by_bytes).max(self.few());
    }

    /// The most tasks that may be on their way now.
    fn most(&self) -> usize {
        if self.is_eager {
            return MOST_TASKS;
        }
        let by_results = self.received.saturating_mul(MOST_FOR_EACH);
        by_results.min(MOST_LAZY_TASKS)
    }

    /// Waits for results; learns from how long it took.
    fn wait(&mut self) {
        let begun = Instant::now();
        // Enough to keep the workers busy while these are taken.
        let enough = (self.window / 4).clamp(1, self.pulled - self.received);
        self.inbox
            .wait(&self.shared, enough, &mut self.arrived, Deadline::NEVER);
        self.taken = Taken::default();
        self.waited = Instant::now();
        // Two results may come one right after the other although tasks are slow,
        // as their workers began at the same time: so a few are judged together.
        let delivered = self.inbox.delivered.load(Ordering::Relaxed);
        if delivered - self.judged.0 >= self.few() {
            let elapsed = self.judged.1.elapsed();
            self.judged = (delivered, begun);
            self.judge(elapsed);
        }
        self.set_limit();
    }

    /// Suits the window to the time that some results took to come.
    fn judge(&mut self, elapsed: Duration) {
        if elapsed < FAST {
            let times = FAST.as_nanos() / elapsed.as_nanos().max(1);
            let times = times.clamp(2, MOST_GROWTH) as usize;
            let next = self.window.saturating_mul(times).min(self.most());
            // Never fewer than now: the smallest window is given at once.
            self.window = self.window.max(next);
        } else if elapsed > SLOW {
            self.window = (self.window / 2).max(smallest_window(&self.shared));
        }
    }
}

/// Enough that every worker has a task in hand and the next one waiting.
fn smallest_window(shared: &Shared) -> usize {
    let tasks = shared.workers.saturating_mul(shared.chunk);
    tasks.saturating_mul(2)
}

impl<A, R, I: Iterator<Item = A>> Drop for Feed<A, R, I> {
    fn drop(&mut self) {
        *lock(&self.shared.learned) = Some((self.batch.functions, self.window));
        if self.received < self.pulled {
            self.inbox.abandoned.store(true, Ordering::Relaxed);
            let inbox = self.inbox.clone();
            let cancel = Command::Cancel {
                inbox,
                running: false,
            };
            self.shared.command(cancel, Haste::Now);
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

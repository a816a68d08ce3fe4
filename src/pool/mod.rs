//! A pool of worker processes that map functions over items.

mod bell;
mod desk;
mod feed;
mod gate;
mod job;
mod lead;
mod line;
mod order;
mod record;
mod router;
mod seat;
mod sleep;
mod task;
mod watch;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::handle;
use crate::image;
use crate::worker::{self as child, Trampoline};

use feed::Feed;
use job::{Batch, Command, Haste, Inbox, Shared, lock};
use order::Order;
use router::Settings;
use watch::Watch;
use worker::Initializer;

pub use task::Task;

/// A fixed number of worker processes that run functions for this one.
///
/// Workers are started when there is work for them, up to the number that was
/// set. A panic costs one item and no worker. The death of a worker costs the
/// item it had in hand, which is reported with the process's id and signal or
/// exit code; the rest are run by others, and a new worker takes its place.
/// No call waits for ever because a worker died.
///
/// ```text
///     caller                router           worker 1      worker 2
///     map(f, ..) ── tasks ──> │ ── task ───────> │             │
///                             │ ── task ─────────┼───────────> │
///                             │ <─────── result ─┘             │
///                             │ ── task ───────> │        (killed)
///     <── results ─────────── │ <─── the end of worker 2 ──────┘
///                             │ ── starts ─────────────────> worker 3
/// ```
///
/// The router is a caller that waits, or the pool's own thread while none does.
///
/// Dropping the pool cancels what has not run and ends the workers;
/// [`close`](Pool::close) finishes the work first.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Pool, Result};
///
/// fn square(number: i64) -> i64 {
///     number * number
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let pool = Pool::new(2)?;
///     assert_eq!(pool.map(square, [1, 2, 3])?, [1, 4, 9]);
///     Ok(())
/// }
/// ```
#[doc(alias = "ProcessPoolExecutor")]
#[doc(alias = "Executor")]
pub struct Pool {
    shared: Arc<Shared>,
    router: Option<JoinHandle<()>>,
}

impl Pool {
    /// Makes a pool of up to `workers` processes.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`] for no workers; otherwise as for [`PoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Pool> {
        Pool::builder().workers(workers).build()
    }

    /// Configures a pool before it starts.
    pub fn builder() -> PoolBuilder {
        PoolBuilder {
            workers: std::thread::available_parallelism().map_or(1, Into::into),
            chunk: 1,
            settings: Ok(Settings::default()),
        }
    }

    /// Maps `function` over `items` in the pool's workers.
    ///
    /// Results keep the order of `items`. Every item runs, also when another
    /// one fails.
    ///
    /// # Errors
    ///
    /// [`Error::Item`] for the first item, in the order of the input, that has
    /// no result: its source says what became of it. [`imap`](Pool::imap) gives
    /// the other results too.
    pub fn map<A, R>(
        &self,
        function: fn(A) -> R,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<R>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let mut feed = Feed::new(&self.shared, function, items)?;
        feed.begin_as_learned();
        let mut order = Order::new();
        let mut results = Vec::with_capacity(feed.at_least());
        let mut failed: Option<(usize, Box<Error>)> = None;
        while let Some((index, result)) = feed.next(0) {
            match result {
                Ok(result) if failed.is_none() => {
                    order.add(index, result, &mut results);
                }
                Err(error) if failed.as_ref().is_none_or(|(at, _)| index < *at) => {
                    failed = Some((index, error));
                }
                _ => {}
            }
        }
        match failed {
            Some((index, error)) => Err(Error::Item {
                index,
                source: error,
            }),
            None => Ok(results),
        }
    }

    /// Maps lazily: an iterator over the results, in the order of `items`.
    ///
    /// Items are pulled while results are taken, and never far ahead of them: two
    /// chunks for each worker at first, later up to 16 items for each result that
    /// has come, and at most 16,384. So the input may be endless. An item that
    /// fails is an `Err` in its place; the others go on. Dropping the iterator
    /// cancels what has not run.
    ///
    /// The input may be pulled before the results of earlier items are there: one
    /// that waits for such a result (through a channel, say) waits for ever.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignFunction`] when the function is in a shared library.
    #[doc(alias = "lazy")]
    pub fn imap<A, R, I>(
        &self,
        function: fn(A) -> R,
        items: I,
    ) -> Result<impl Iterator<Item = Result<R>> + use<A, R, I>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let mut feed = Feed::new(&self.shared, function, items)?;
        let mut order = Order::new();
        let mut ready = VecDeque::new();
        Ok(std::iter::from_fn(move || {
            while ready.is_empty() {
                let (index, result) = feed.next(order.kept())?;
                order.add(index, result.map_err(|error| *error), &mut ready);
            }
            ready.pop_front()
        }))
    }

    /// Maps lazily: an iterator over results as they come, each with the
    /// position of its item in `items`, from 0.
    ///
    /// Otherwise as [`imap`](Pool::imap).
    ///
    /// # Errors
    ///
    /// [`Error::ForeignFunction`] when the function is in a shared library.
    #[doc(alias = "as_completed")]
    pub fn imap_unordered<A, R, I>(
        &self,
        function: fn(A) -> R,
        items: I,
    ) -> Result<impl Iterator<Item = (usize, Result<R>)> + use<A, R, I>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let mut feed = Feed::new(&self.shared, function, items)?;
        Ok(std::iter::from_fn(move || {
            let (index, result) = feed.next(0)?;
            Some((index, result.map_err(|error| *error)))
        }))
    }

    /// Runs one task and waits for its result.
    ///
    /// # Errors
    ///
    /// What became of the task when there is no result.
    pub fn apply<A, R>(&self, function: fn(A) -> R, argument: A) -> Result<R>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.task(function, argument, Haste::Mine)?.get()
    }

    /// Starts one task and returns at once.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] when serde refuses the argument,
    /// [`Error::HandleCannotTravel`] when there is a handle in it.
    #[doc(alias = "submit")]
    pub fn apply_async<A, R>(
        &self,
        function: fn(A) -> R,
        argument: A,
    ) -> Result<Task<R>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.task(function, argument, Haste::Now)
    }

    fn task<A, R>(
        &self,
        function: fn(A) -> R,
        argument: A,
        haste: Haste,
    ) -> Result<Task<R>>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let inbox: Arc<Inbox> = Arc::default();
        let mut batch = Batch::new(&inbox, feed::functions(function)?, 0);
        batch.push(&argument)?;
        self.shared.command(Command::Submit(batch), haste);
        Ok(Task::new(self.shared.clone(), inbox))
    }

    /// The ids of the worker processes that are there now.
    pub fn worker_ids(&self) -> Vec<u32> {
        lock(&self.shared.worker_ids).clone()
    }

    /// Finishes all tasks, then ends the workers and reaps them.
    ///
    /// A lazy map that goes on in another thread reads no more of its input.
    #[doc(alias = "join")]
    #[doc(alias = "shutdown")]
    pub fn close(mut self) {
        self.end(Command::Close);
    }

    /// Cancels all tasks, kills the workers and reaps them, as dropping does.
    pub fn terminate(mut self) {
        self.end(Command::Terminate);
    }

    fn end(&mut self, command: Command) {
        if let Some(router) = self.router.take() {
            self.shared.closing.store(true, Ordering::Relaxed);
            self.shared.command(command, Haste::Now);
            let _ = router.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.end(Command::Terminate);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("worker_ids", &self.worker_ids())
            .finish_non_exhaustive()
    }
}

/// A pool that is not started yet: [`Pool::builder`].
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiproc::{Error, Pool, Result};
///
/// fn sleep(milliseconds: u64) -> u64 {
///     std::thread::sleep(Duration::from_millis(milliseconds));
///     milliseconds
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let limit = Duration::from_millis(500);
///     let pool = Pool::builder().workers(2).task_timeout(limit).build()?;
///     let mut results = pool.imap(sleep, [1, 60_000, 2])?;
///     assert_eq!(results.next().unwrap()?, 1);
///     let late = results.next().unwrap();
///     assert!(matches!(late, Err(Error::TimedOut { .. })));
///     assert_eq!(results.next().unwrap()?, 2);
///     Ok(())
/// }
/// ```
pub struct PoolBuilder {
    workers: usize,
    chunk: usize,
    settings: Result<Settings>,
}

impl PoolBuilder {
    /// How many workers there may be; by default one for each core.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(mut self, workers: usize) -> PoolBuilder {
        self.workers = workers;
        self
    }

    /// A function that each worker calls before its first task.
    ///
    /// Its argument may hold handles: queues, connections, shared values.
    /// [`task_timeout`](PoolBuilder::task_timeout) is not about it, as getting
    /// ready may well take longer than a task; the tasks wait until it is done.
    #[must_use]
    pub fn initializer<A>(mut self, function: fn(A), argument: A) -> PoolBuilder
    where
        A: Serialize + DeserializeOwned,
    {
        self.settings = self.settings.and_then(|mut settings| {
            let mut bytes = Vec::new();
            let handles = handle::encode_with_handles(&argument, &mut bytes)?;
            let trampoline = child::run::<A, ()> as Trampoline as usize;
            settings.initializer = Some(Initializer {
                trampoline: image::offset(trampoline)?,
                function: image::offset(function as usize)?,
                argument: bytes,
                handles,
            });
            Ok(settings)
        });
        self
    }

    /// How many tasks a worker runs before a fresh one takes its place.
    #[must_use]
    #[doc(alias = "maxtasksperchild")]
    pub fn tasks_per_worker(mut self, tasks: usize) -> PoolBuilder {
        if let Ok(settings) = &mut self.settings {
            settings.tasks_per_worker = Some(tasks);
        }
        self
    }

    /// How long a task may run before its worker is killed.
    ///
    /// A worker that has tasks and starts none for that long, and for a second
    /// at least, is killed, too, and its tasks go to others. The first of them
    /// counts as timed out when that has happened three times in a row.
    #[must_use]
    pub fn task_timeout(mut self, limit: Duration) -> PoolBuilder {
        if let Ok(settings) = &mut self.settings {
            settings.task_timeout = Some(limit);
        }
        self
    }

    /// How many tasks a worker is handed at a time, at least.
    ///
    /// A chunk is scheduling only: results come one by one, and what has not
    /// started can still be taken over by another worker. Without it the pool
    /// hands out as many as a worker does in about three milliseconds.
    #[must_use]
    #[doc(alias = "chunksize")]
    pub fn chunk_size(mut self, tasks: usize) -> PoolBuilder {
        self.chunk = tasks;
        self
    }

    /// Makes the pool. No worker is started before there is a task.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`] when a number is zero, [`Error::NotInitialized`] when
    /// `main` does not begin with [`init`](crate::init()), [`Error::Encode`]
    /// when serde refuses the initializer's argument, [`Error::Io`] when the
    /// system refuses a thread or a descriptor.
    pub fn build(self) -> Result<Pool> {
        let settings = self.settings?;
        let numbers = [
            ("workers", self.workers),
            ("tasks in a chunk", self.chunk),
            ("tasks per worker", settings.tasks_per_worker.unwrap_or(1)),
        ];
        for (what, number) in numbers {
            if number == 0 {
                return Err(Error::Zero { what: what.into() });
            }
        }
        if settings.task_timeout == Some(Duration::ZERO) {
            return Err(Error::Zero {
                what: "nanoseconds for a task".into(),
            });
        }
        if !child::is_initialized() {
            return Err(Error::NotInitialized);
        }
        let shared = Arc::new(Shared::new(Watch::new()?, self.workers, self.chunk));
        let same = shared.clone();
        let router = std::thread::Builder::new()
            .name("pool router".into())
            .spawn(move || lead::look_after(&same, settings))
            .map_err(Error::io("start the pool's thread"))?;
        Ok(Pool {
            shared,
            router: Some(router),
        })
    }
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

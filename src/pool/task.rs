//! One task of a pool, and its result to come.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::pool::job::{Arrived, Command, Haste, Inbox, Shared, Taken};

/// A task that [`Pool::apply_async`](crate::Pool::apply_async) has started.
///
/// Dropping it lets the task run and discards its result.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Pool, Result};
///
/// fn length(word: String) -> usize {
///     word.len()
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let pool = Pool::new(2)?;
///     let first = pool.apply_async(length, "one".to_string())?;
///     let second = pool.apply_async(length, "three".to_string())?;
///     assert_eq!(first.get()? + second.get()?, 8);
///     Ok(())
/// }
/// ```
#[doc(alias = "AsyncResult")]
#[doc(alias = "Future")]
pub struct Task<R> {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    taken: bool,
    result: PhantomData<fn() -> R>,
}

impl<R: Serialize + DeserializeOwned> Task<R> {
    pub(crate) fn new(shared: Arc<Shared>, inbox: Arc<Inbox>) -> Task<R> {
        Task {
            shared,
            inbox,
            taken: false,
            result: PhantomData,
        }
    }

    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// What became of the task when there is no result: for example
    /// [`Error::Panicked`], [`Error::Killed`], [`Error::TimedOut`] or
    /// [`Error::Cancelled`].
    #[doc(alias = "result")]
    pub fn get(mut self) -> Result<R> {
        self.wait(Deadline::NEVER)?.ok_or(Error::Cancelled)
    }

    /// Waits at most `timeout`; `None` when there is no result yet.
    ///
    /// It can be called again. The task is not affected.
    ///
    /// # Errors
    ///
    /// As for [`get`](Task::get), and [`Error::AlreadyJoined`] when an earlier
    /// call already returned the result.
    pub fn get_timeout(&mut self, timeout: Duration) -> Result<Option<R>> {
        self.wait(Deadline::after(timeout))
    }

    fn wait(&mut self, deadline: Deadline) -> Result<Option<R>> {
        if self.taken {
            return Err(Error::AlreadyJoined);
        }
        let mut arrived = Arrived::default();
        self.inbox.wait(&self.shared, 1, &mut arrived, deadline);
        self.taken = !arrived.is_empty();
        match Taken::default().next(&mut arrived) {
            Some((_, result)) => result.map(Some).map_err(|error| *error),
            None => Ok(None),
        }
    }
}

impl<R> Task<R> {
    /// Cancels the task. If it is running, its worker is killed and replaced;
    /// if it is done, nothing happens.
    pub fn cancel(&self) {
        let inbox = self.inbox.clone();
        let cancel = Command::Cancel {
            inbox,
            running: true,
        };
        self.shared.command(cancel, Haste::Now);
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

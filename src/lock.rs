//! A lock between processes, and what every lock has in common.

use std::fmt;
use std::marker::PhantomData;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::robust::{Before, RobustMutex};
use crate::shared::{Shared, Sizes};

/// Lets one thread of one process in at a time.
///
/// A process that dies under the lock leaves it to the next one, with the word
/// that things may be half done: until somebody has put them in order and says
/// so ([`LockGuard::mark_repaired`]), every `lock` returns
/// [`LockError::Poisoned`]. So does a thread that panics under the lock.
/// Python's `Lock` waits for a dead holder for ever.
///
/// ```text
///     worker 1          worker 2             worker 3
///     lock()
///     │                 lock() waits
///     ╳ is killed       │
///                       Err(Poisoned)        lock() waits
///                       puts things right    │
///                       mark_repaired()      │
///                       drops the guard      │
///                                            Ok(guard)
/// ```
///
/// It is not reentrant: a second `lock` by the same thread is
/// [`Error::Deadlock`] instead of a deadlock. Who needs that passes the guard
/// on, or splits a function in two: one that locks, and one that is called
/// under the lock.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Lock, LockError, Process, Result};
///
/// fn dies_under_the_lock(lock: Lock) {
///     let _guard = lock.lock();
///     std::process::abort();
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let lock = Lock::new()?;
///     let worker = Process::spawn(dies_under_the_lock, lock.clone())?;
///     let worker_id = worker.id();
///     assert!(worker.join().is_err());
///     match lock.lock() {
///         Err(LockError::Poisoned { guard, pid }) => {
///             assert_eq!(pid, worker_id);
///             guard.mark_repaired();
///         }
///         other => panic!("nobody told: {other:?}"),
///     }
///     assert!(lock.lock().is_ok());
///     Ok(())
/// }
/// ```
#[doc(alias = "Mutex")]
#[doc(alias = "RLock")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lock(Shared<RobustMutex>);

/// A guard, or why there is none, or not without a warning.
pub type LockResult<G> = std::result::Result<G, LockError<G>>;

/// Why a lock could not be taken, or must be taken with care.
///
/// `?` turns it into an [`Error`], without the guard.
///
/// # Examples
///
/// ```
/// use multiproc::{Lock, LockError, Result};
///
/// fn repair(lock: &Lock) -> Result<()> {
///     match lock.lock() {
///         Ok(_) => println!("all is well"),
///         Err(LockError::Poisoned { guard, pid }) => {
///             println!("process {pid} died; putting things in order");
///             guard.mark_repaired();
///         }
///         Err(error) => return Err(error.into()),
///     }
///     Ok(())
/// }
/// # repair(&Lock::new().unwrap()).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LockError<G> {
    /// A process died or panicked under the lock, and nobody has marked what
    /// the lock protects as repaired. The lock is taken all the same.
    Poisoned {
        /// The guard: whoever has it can look, repair, and say so.
        guard: G,
        /// The process that died or panicked.
        pid: u32,
    },
    /// The lock was not taken: this thread has it already, for example.
    Failed(Error),
}

/// A guard if the lock was free in time, or why not.
pub type TryLockResult<G> = std::result::Result<Option<G>, LockError<G>>;

/// Holds a [`Lock`] until it is dropped; then the next waiter gets it.
///
/// # Examples
///
/// ```
/// # fn main() -> multiproc::Result<()> {
/// let lock = multiproc::Lock::new()?;
/// let guard = lock.lock()?;
/// // What the lock protects is this thread's alone.
/// drop(guard);
/// # Ok(())
/// # }
/// ```
#[must_use = "the lock is released when the guard is dropped"]
#[derive(Debug)]
pub struct LockGuard<'a> {
    pub(crate) lock: &'a Lock,
    hold: Hold<'a>,
}

impl Lock {
    /// Makes a lock that nobody holds.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system has no memory or descriptor for it.
    pub fn new() -> Result<Lock> {
        Shared::new(Sizes::default()).map(Lock)
    }

    /// Waits until nobody else holds the lock, and takes it.
    ///
    /// # Errors
    ///
    /// [`LockError::Poisoned`], with the guard, after a holder died or
    /// panicked; [`Error::Deadlock`] when this thread holds the lock.
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> LockResult<LockGuard<'_>> {
        Hold::wait(&self.0)?.warned(|hold| LockGuard { lock: self, hold })
    }

    /// Takes the lock if nobody holds it; `None` if somebody does.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Lock::lock).
    pub fn try_lock(&self) -> TryLockResult<LockGuard<'_>> {
        self.lock_timeout(Duration::ZERO)
    }

    /// Waits at most `timeout` for the lock; `None` when time is up.
    ///
    /// # Errors
    ///
    /// As for [`lock`](Lock::lock).
    pub fn lock_timeout(&self, timeout: Duration) -> TryLockResult<LockGuard<'_>> {
        let hold = Hold::wait_until(&self.0, Deadline::after(timeout))?;
        warned(hold, |hold| LockGuard { lock: self, hold })
    }
}

impl LockGuard<'_> {
    /// Says that what the lock protects is in order again.
    pub fn mark_repaired(&self) {
        self.hold.mark_repaired();
    }
}

impl<G> LockError<G> {
    /// Takes the guard in spite of the warning.
    ///
    /// # Errors
    ///
    /// The error that left no guard.
    pub fn into_guard(self) -> Result<G> {
        match self {
            LockError::Poisoned { guard, .. } => Ok(guard),
            LockError::Failed(error) => Err(error),
        }
    }
}

impl<G> From<LockError<G>> for Error {
    /// Drops the guard, if there is one; the next locker is warned again.
    fn from(error: LockError<G>) -> Error {
        match error {
            LockError::Poisoned { pid, .. } => Error::Poisoned { pid },
            LockError::Failed(error) => error,
        }
    }
}

/// `?` in a function that returns any error; a guard itself cannot be boxed as
/// one, since it borrows the lock and stays in its thread.
impl<G> From<LockError<G>> for Box<dyn std::error::Error> {
    fn from(error: LockError<G>) -> Self {
        Error::from(error).into()
    }
}

impl<G> From<LockError<G>> for Box<dyn std::error::Error + Send + Sync> {
    fn from(error: LockError<G>) -> Self {
        Error::from(error).into()
    }
}

impl<G> From<Error> for LockError<G> {
    fn from(error: Error) -> LockError<G> {
        LockError::Failed(error)
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Poisoned { pid, .. } => Error::Poisoned { pid: *pid }.fmt(f),
            LockError::Failed(error) => error.fmt(f),
        }
    }
}

/// A robust mutex that is held, as all guards have one inside.
///
/// It stays in its thread, since the system's list of held locks is one per
/// thread.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    mutex: &'a RobustMutex,
    was_panicking: bool,
    thread: PhantomData<*const ()>,
}

impl<'a> Hold<'a> {
    /// Waits without an end.
    pub(crate) fn wait(mutex: &'a RobustMutex) -> Result<Hold<'a>> {
        loop {
            if let Some(hold) = Hold::wait_until(mutex, Deadline::NEVER)? {
                return Ok(hold);
            }
        }
    }

    pub(crate) fn wait_until(
        mutex: &'a RobustMutex,
        deadline: Deadline,
    ) -> Result<Option<Hold<'a>>> {
        let before = mutex.lock(deadline)?;
        Ok(before.map(|_| Hold::new(mutex)))
    }

    /// Takes it if it is free, and tells what became of the holder before.
    pub(crate) fn attempt(
        mutex: &'a RobustMutex,
    ) -> Result<Option<(Before, Hold<'a>)>> {
        let before = mutex.try_lock()?;
        Ok(before.map(|before| (before, Hold::new(mutex))))
    }

    fn new(mutex: &'a RobustMutex) -> Hold<'a> {
        Hold {
            mutex,
            was_panicking: thread::panicking(),
            thread: PhantomData,
        }
    }

    /// Whether a panic is unwinding that began under this lock.
    pub(crate) fn is_panicking(&self) -> bool {
        thread::panicking() && !self.was_panicking
    }

    pub(crate) fn mark_repaired(&self) {
        self.mutex.mark_repaired();
    }

    /// Hands out the guard that `guard` makes of this, with a warning if the
    /// lock is poisoned.
    pub(crate) fn warned<G>(
        self,
        guard: impl FnOnce(Hold<'a>) -> G,
    ) -> LockResult<G> {
        match self.mutex.poison() {
            None => Ok(guard(self)),
            Some(pid) => Err(LockError::Poisoned {
                guard: guard(self),
                pid,
            }),
        }
    }
}

/// The same for a lock that may not have been free.
pub(crate) fn warned<'a, G>(
    hold: Option<Hold<'a>>,
    guard: impl FnOnce(Hold<'a>) -> G,
) -> TryLockResult<G> {
    hold.map(|hold| hold.warned(guard)).transpose()
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if self.is_panicking() {
            self.mutex.poison_by_panic();
        }
        self.mutex.unlock();
    }
}

//! Waiting under a lock until what it protects has changed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytemuck::Pod;
use serde::{Deserialize, Serialize};

use crate::array::ArrayGuard;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::futex;
use crate::lock::{LockError, LockGuard, LockResult};
use crate::robust::LOOK_AGAIN;
use crate::shared::{Shared, Sizes, State};
use crate::trace;
use crate::value::ValueGuard;
use crate::waiting::waiting;

/// Lets who holds a lock wait for a change that somebody else makes under it.
///
/// A wait gives the lock back while it sleeps, and has it again when it ends.
/// It may end without a notification, so what is waited for is looked at again:
/// [`wait_while`](Condition::wait_while) does that. A process that dies after
/// it was notified does not matter, as the others look again by themselves.
///
/// It works with the guards of [`Lock`](crate::Lock), [`Value`](crate::Value)
/// and [`Array`](crate::Array), as the
/// standard library's `Condvar` does with those of `Mutex`; Python's
/// `Condition` has a lock of its own.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Condition, Process, Result, Value};
///
/// fn count_down((value, changed): (Value<u32>, Condition)) -> Result<()> {
///     while value.get()? > 0 {
///         *value.lock()? -= 1;
///         changed.notify_all();
///     }
///     Ok(())
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let (value, changed) = (Value::new(3)?, Condition::new()?);
///     let argument = (value.clone(), changed.clone());
///     let worker = Process::spawn(count_down, argument)?;
///     let guard = changed.wait_while(value.lock()?, |&mut number| number > 0)?;
///     assert_eq!(*guard, 0);
///     drop(guard);
///     worker.join()?
/// }
/// ```
#[doc(alias = "Condvar")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Condition(Shared<Bell>);

#[repr(C)]
struct Bell {
    /// Counts notifications; waiters sleep on it.
    rung: AtomicU32,
    /// How many wait. Who is killed meanwhile stays counted, and then each
    /// notification costs a system call.
    waiters: AtomicU32,
}

// SAFETY: all of it is `repr(C)` and atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl State for Bell {
    type Tail = ();
    const KIND: [u8; 8] = *b"cond   1";
}

/// The guards that a [`Condition`] can give back and take again.
///
/// # Examples
///
/// ```
/// use multiproc::{Condition, Guard, LockResult};
///
/// fn wait_twice<G: Guard>(changed: &Condition, guard: G) -> LockResult<G> {
///     changed.wait(changed.wait(guard)?)
/// }
/// ```
pub trait Guard: Sized {
    /// What the guard gives access to.
    type Data: ?Sized;

    /// Makes the data accessible.
    #[doc(hidden)]
    fn data(&mut self) -> &mut Self::Data;

    /// Gives the lock back while `sleep` runs, then takes it again.
    #[doc(hidden)]
    fn without(self, sleep: impl FnOnce()) -> LockResult<Self>;
}

impl Condition {
    /// Makes a condition that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) when the system has no memory or
    /// descriptor for it.
    pub fn new() -> Result<Condition> {
        Shared::new(Sizes::default()).map(Condition)
    }

    /// Gives the lock back, waits for a notification, and takes it again.
    ///
    /// It can end without one.
    ///
    /// # Errors
    ///
    /// Those of the guard's `lock`.
    pub fn wait<G: Guard>(&self, guard: G) -> LockResult<G> {
        let (guard, _) = self.wait_until(guard, Deadline::NEVER)?;
        Ok(guard)
    }

    /// Waits for a notification at most `timeout`; `false` when time is up.
    ///
    /// # Errors
    ///
    /// Those of the guard's `lock`.
    pub fn wait_timeout<G: Guard>(
        &self,
        guard: G,
        timeout: Duration,
    ) -> Result<(G, bool), LockError<G>> {
        self.wait_until(guard, Deadline::after(timeout))
    }

    /// Waits as long as `waits` says so of the data.
    ///
    /// # Errors
    ///
    /// Those of the guard's `lock`.
    #[doc(alias = "wait_for")]
    pub fn wait_while<G: Guard>(
        &self,
        guard: G,
        waits: impl FnMut(&mut G::Data) -> bool,
    ) -> LockResult<G> {
        let (guard, _) = self.wait_while_until(guard, waits, Deadline::NEVER)?;
        Ok(guard)
    }

    /// Waits as long as `waits` says so, but at most `timeout`; `false` when it
    /// still does.
    ///
    /// # Errors
    ///
    /// Those of the guard's `lock`.
    pub fn wait_while_timeout<G: Guard>(
        &self,
        guard: G,
        waits: impl FnMut(&mut G::Data) -> bool,
        timeout: Duration,
    ) -> Result<(G, bool), LockError<G>> {
        self.wait_while_until(guard, waits, Deadline::after(timeout))
    }

    /// Wakes one of those who wait.
    ///
    /// Call it after a change under the lock.
    #[doc(alias = "notify")]
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes all who wait.
    ///
    /// Call it after a change under the lock.
    pub fn notify_all(&self) {
        self.notify(i32::MAX as u32);
    }

    fn notify(&self, count: u32) {
        self.0.rung.fetch_add(1, Ordering::SeqCst);
        if self.0.waiters.load(Ordering::SeqCst) > 0 {
            futex::wake(&self.0.rung, count);
        }
    }

    fn wait_until<G: Guard>(
        &self,
        guard: G,
        deadline: Deadline,
    ) -> Result<(G, bool), LockError<G>> {
        let _span = trace::span("wait", "condition");
        let rung = self.rung();
        let mut guard = guard;
        loop {
            guard = self.sleep(guard, rung, deadline)?;
            if self.rung() != rung {
                return Ok((guard, true));
            }
            if deadline.is_over() {
                return Ok((guard, false));
            }
        }
    }

    /// Looks at the data again also when nobody rings: who should have may
    /// have been killed.
    fn wait_while_until<G: Guard>(
        &self,
        guard: G,
        mut waits: impl FnMut(&mut G::Data) -> bool,
        deadline: Deadline,
    ) -> Result<(G, bool), LockError<G>> {
        let _span = trace::span("wait", "condition");
        let mut guard = guard;
        loop {
            if !waits(guard.data()) {
                return Ok((guard, true));
            }
            if deadline.is_over() {
                return Ok((guard, false));
            }
            guard = self.sleep(guard, self.rung(), deadline)?;
        }
    }

    /// Sleeps for a bounded time, without the lock, unless the bell has rung
    /// since `rung`, which was read under the lock: a change made after that
    /// rings it.
    fn sleep<G: Guard>(
        &self,
        guard: G,
        rung: u32,
        deadline: Deadline,
    ) -> LockResult<G> {
        self.0.waiters.fetch_add(1, Ordering::SeqCst);
        guard.without(|| {
            let _waiting = waiting(c"in a condition");
            let limit = deadline.remaining_at_most(LOOK_AGAIN);
            futex::wait(&self.0.rung, rung, limit);
            self.0.waiters.fetch_sub(1, Ordering::SeqCst);
        })
    }

    fn rung(&self) -> u32 {
        self.0.rung.load(Ordering::SeqCst)
    }
}

impl Guard for LockGuard<'_> {
    type Data = Self;

    fn data(&mut self) -> &mut Self {
        self
    }

    fn without(self, sleep: impl FnOnce()) -> LockResult<Self> {
        let lock = self.lock;
        drop(self);
        sleep();
        lock.lock()
    }
}

impl<T: Pod> Guard for ValueGuard<'_, T> {
    type Data = T;

    fn data(&mut self) -> &mut T {
        self
    }

    fn without(self, sleep: impl FnOnce()) -> LockResult<Self> {
        let value = self.value;
        drop(self);
        sleep();
        value.lock()
    }
}

impl<T: Pod> Guard for ArrayGuard<'_, T> {
    type Data = [T];

    fn data(&mut self) -> &mut [T] {
        self
    }

    fn without(self, sleep: impl FnOnce()) -> LockResult<Self> {
        let (array, range) = (self.array, self.range.clone());
        drop(self);
        sleep();
        array.lock_range(range)
    }
}

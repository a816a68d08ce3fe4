//! Who looks after the workers: the thread that waits for their results.
//!
//! A pool has a thread of its own for that, but a caller that waits does better
//! to do it by itself: a task then goes from the caller to the worker and back,
//! and nobody else has to be woken. So the router, which knows what each worker
//! does, lies under a lock, and whoever holds the lock leads.
//!
//! ```text
//!     caller                 pool's thread             worker
//!     apply(f, ..)           sleeps
//!     leads ── task ─────────────┼──────────────────────> │
//!     sleeps                     │                        f(..)
//!     │ <────────────────────────┼───────────── result ── │
//!     leads no more ── alarm ──> │   (only if tasks are under way)
//!     works on                   leads, until a caller waits again
//! ```
//!
//! The pool's thread sleeps without the lock, so a caller can take the lead at
//! any time. When it wakes up and somebody leads, it is off duty and sleeps
//! until its alarm goes off. Who stops leading sets the alarm if tasks are under
//! way: for a while later, as callers mostly wait again soon.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::handle;
use crate::pool::job::{Shared, lock};
use crate::pool::router::{Router, Settings};
use crate::pool::watch::{Events, Interest};

/// How long the workers may be left alone while tasks are under way.
const SHORT: Duration = Duration::from_millis(1);
/// When the pool's thread looks again although no alarm went off.
const LATE: Duration = Duration::from_secs(10);

/// The router, and who may have it.
#[derive(Debug, Default)]
pub(crate) struct Lead {
    router: Mutex<Option<Router>>,
    /// Whether the pool's thread waits for nothing but its alarm.
    off_duty: AtomicBool,
    /// Whether the alarm will go off.
    set: AtomicBool,
    /// How many callers wait while somebody else leads.
    waiting: AtomicUsize,
    /// How many times a caller has led; wraps.
    led: AtomicUsize,
}

/// The right to look after the workers.
struct Leader<'a>(MutexGuard<'a, Option<Router>>);

impl Lead {
    fn take(&self) -> Option<Leader<'_>> {
        match self.router.try_lock() {
            Ok(router) => Some(Leader(router)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Some(Leader(poisoned.into_inner()))
            }
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A caller that waits while somebody else leads.
pub(crate) struct Waiting<'a>(&'a Lead);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// Looks after the workers until as many results as are `enough` are
    /// `there`, or fewer and no more come soon; or until the deadline is over or
    /// the pool has ended. `false` at once if that is for somebody else to do.
    /// With none that are `enough` it goes round once.
    pub(crate) fn lead(
        &self,
        there: impl Fn() -> usize,
        enough: usize,
        deadline: Deadline,
    ) -> bool {
        if handle::thread_is_ending() {
            // It could start no worker.
            return false;
        }
        let Some(mut leader) = self.lead.take() else {
            return false;
        };
        let Some(router) = &mut *leader.0 else {
            // The pool's thread has just begun, or ends.
            return self.has_ended();
        };
        let mut slept = false;
        let busy = loop {
            if !router.round() {
                *leader.0 = None;
                break false;
            }
            let busy = router.is_busy();
            let there = there();
            if there >= enough || (there > 0 && slept) || deadline.is_over() {
                break busy;
            }
            let mut patience = deadline.remaining_at_most(router.prepare_to_sleep());
            if there > 0 {
                patience = patience.min(SHORT);
            }
            let interest = Interest {
                results: true,
                alarm: false,
            };
            let events = self.watch.sleep(interest, Deadline::after(patience));
            self.watch.silence(events);
            router.note(events);
            slept = true;
        };
        drop(leader);
        self.lead.led.fetch_add(1, Ordering::SeqCst);
        self.leave(busy);
        true
    }

    /// Hands over to the pool's thread, now or later, if it is needed.
    fn leave(&self, busy: bool) {
        // The lock is free: either the pool's thread gets it, or what it said
        // before it tried in vain is seen here.
        fence(Ordering::SeqCst);
        let idles = self.lead.off_duty.load(Ordering::SeqCst) && !busy;
        let others = self.lead.waiting.load(Ordering::SeqCst) > 0 && busy;
        if idles || others || self.has_ended() {
            self.lead.set.store(true, Ordering::SeqCst);
            self.watch.set_alarm(Duration::ZERO);
        } else if busy {
            self.look_soon();
        }
    }

    /// Makes the pool's thread look after the workers before long, unless
    /// somebody else does by then.
    pub(crate) fn look_soon(&self) {
        if !self.lead.set.swap(true, Ordering::SeqCst) {
            self.watch.set_alarm(SHORT);
        }
    }

    /// Says that a caller waits for somebody else to look after the workers.
    pub(crate) fn wait_for_leader(&self) -> Waiting<'_> {
        self.lead.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(&self.lead)
    }
}

/// Whatever ends the pool's thread ends the pool.
struct End<'a>(&'a Lead);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *lock(&self.0.router) = None;
    }
}

/// The pool's thread: looks after the workers while no caller does.
pub(crate) fn look_after(shared: &Arc<Shared>, settings: Settings) {
    let _end = End(&shared.lead);
    *lock(&shared.lead.router) = Some(Router::new(shared.clone(), settings));
    let mut events = Events::default();
    let mut led = 0;
    while let Some(mut leader) = take_duty(shared) {
        let Some(router) = &mut *leader.0 else {
            return;
        };
        shared.watch.silence(events);
        router.note(events);
        if !router.round() {
            return;
        }
        let results = router.is_busy();
        let patience = router.prepare_to_sleep();
        // From here on a caller may lead.
        drop(leader);
        events = sleep_off_and_on(shared, results, patience, &mut led);
    }
}

/// Sleeps until there is something to do for the pool's thread. Callers that
/// led since it last looked are left to do so again.
fn sleep_off_and_on(
    shared: &Shared,
    mut results: bool,
    mut patience: Duration,
    led: &mut usize,
) -> Events {
    loop {
        let interest = Interest {
            results,
            alarm: true,
        };
        let events = shared.watch.sleep(interest, Deadline::after(patience));
        if !events.alarm {
            return events;
        }
        // In this order: an alarm that is set in between is none, as the looks
        // below come after it; in the other, one that was set again would be
        // stopped here and thought to be set for ever.
        shared.watch.stop_alarm();
        shared.lead.set.store(false, Ordering::SeqCst);
        let before = std::mem::replace(led, shared.lead.led.load(Ordering::SeqCst));
        if before == *led || !events.is_only_alarm() {
            return events;
        }
        shared.look_soon();
        (results, patience) = (false, LATE);
    }
}

/// Waits until nobody else leads; `None` once the pool has ended.
fn take_duty(shared: &Shared) -> Option<Leader<'_>> {
    while !shared.has_ended() {
        if let Some(leader) = shared.lead.take() {
            return Some(leader);
        }
        shared.lead.off_duty.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // Who left in between has not seen that the alarm is needed.
        let leader = shared.lead.take();
        if leader.is_none() {
            // The alarm may have been for a command that was not to wake anybody:
            // the leader is to hear of it, who may sleep for long.
            if shared.is_told() {
                shared.watch.commands.ring();
            }
            shared.watch.await_alarm(Deadline::after(LATE));
            shared.lead.set.store(false, Ordering::SeqCst);
        }
        shared.lead.off_duty.store(false, Ordering::SeqCst);
        if leader.is_some() {
            return leader;
        }
    }
    None
}

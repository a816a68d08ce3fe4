//! What looks after a pool's workers.
//!
//! It hands out tasks, brings results back, starts workers when there is work
//! for them, and replaces what dies. It never runs code of the user's and never
//! waits for a worker. Which thread makes it go round is told in lead.rs.

mod assign;
mod staff;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::pool::job::{Arrived, Command, Inbox, Shared, Span};
use crate::pool::seat::{Seat, Verdict};
use crate::pool::watch::Events;
use crate::pool::worker::Initializer;
use staff::ATTEMPTS;

/// How long a worker may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(5);
/// When to look again although no bell rang, while fast tasks are under way.
const SOON: Duration = Duration::from_millis(2);
/// When to look again in any case.
const LATE: Duration = Duration::from_secs(10);
/// From when on a worker that starts nothing may lose its tasks to others.
const STALLED: Duration = Duration::from_millis(10);
/// How long a worker may have tasks and start none, if tasks have a time limit.
const ASTRAY: Duration = Duration::from_secs(1);

/// What the builder was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) initializer: Option<Initializer>,
    pub(crate) tasks_per_worker: Option<usize>,
    pub(crate) task_timeout: Option<Duration>,
}

/// All that is known of the workers, and what there is to do.
#[derive(Debug)]
pub(crate) struct Router {
    shared: Arc<Shared>,
    settings: Settings,
    seats: Vec<Seat>,
    pending: VecDeque<Span>,
    /// A buffer for results on their way.
    arrived: Arrived,
    /// How many workers were started, for their names.
    started: u32,
    /// How many died in a row before they were ready.
    failures: u32,
    /// How many were killed in a row as they had tasks and started none.
    astray: u32,
    /// Until when to leave the work to the workers that are there.
    retry: Deadline,
    /// Whether a worker may have ended since the last round.
    an_end: bool,
    closing: bool,
}

/// Whatever ends the router: each task has an outcome then, and no worker is
/// left.
impl Drop for Router {
    fn drop(&mut self) {
        self.terminate();
        self.shared.end();
    }
}

impl Router {
    pub(crate) fn new(shared: Arc<Shared>, settings: Settings) -> Router {
        Router {
            shared,
            settings,
            seats: Vec::new(),
            pending: VecDeque::new(),
            arrived: Arrived::default(),
            started: 0,
            failures: 0,
            astray: 0,
            retry: Deadline::after(Duration::ZERO),
            an_end: false,
            closing: false,
        }
    }

    /// Does all there is to do now; `false` when the pool has ended.
    pub(crate) fn round(&mut self) -> bool {
        for seat in &self.seats {
            seat.desk.sleepers().stop_wanting();
        }
        if !self.obey() {
            return false;
        }
        self.collect();
        self.enforce_timeout();
        self.assign();
        self.start_workers();
        self.retire();
        for seat in &mut self.seats {
            seat.wake();
        }
        !(self.closing && self.seats.is_empty() && self.pending.is_empty())
    }

    /// Whether tasks or ends are under way, so that somebody must look after
    /// the workers.
    pub(crate) fn is_busy(&self) -> bool {
        let busy = |seat: &Seat| !seat.is_idle() || seat.retired.is_some();
        !self.pending.is_empty() || self.seats.iter().any(busy)
    }

    /// Notes what has happened since the last round.
    pub(crate) fn note(&mut self, events: Events) {
        self.an_end |= events.an_end;
    }

    /// Carries out what the callers said; `false` to end at once.
    fn obey(&mut self) -> bool {
        let mut goes_on = true;
        for command in self.shared.commands() {
            match command {
                Command::Submit(batch) => {
                    self.pending.push_back(Span::whole(batch));
                }
                Command::Cancel { inbox, running } => self.cancel(&inbox, running),
                Command::Close => self.closing = true,
                Command::Terminate => goes_on = false,
            }
        }
        goes_on
    }

    fn cancel(&mut self, inbox: &Arc<Inbox>, running: bool) {
        let is_its = |span: &Span| Arc::ptr_eq(&span.batch.inbox, inbox);
        for position in 0..self.seats.len() {
            if self.seats[position].held().any(is_its) {
                // First what waits is taken back, so that the worker starts
                // nothing else; then what it has finished is brought in, so
                // that what it holds is what it runs.
                self.reclaim(position, u32::MAX);
                let seat = &mut self.seats[position];
                let _ = seat.drain(&mut self.arrived);
                let in_hand =
                    seat.in_hand() && seat.held().next().is_some_and(is_its);
                if running && in_hand && seat.verdict.is_none() {
                    seat.verdict = Some(Verdict::Cancelled);
                    let _ = seat.process.kill();
                }
            }
        }
        let (its, others): (VecDeque<Span>, VecDeque<Span>) =
            self.pending.drain(..).partition(is_its);
        self.pending = others;
        for span in its {
            span.fail(&Error::Cancelled);
        }
    }

    /// Brings results back, and clears away workers that have ended.
    fn collect(&mut self) {
        let look_for_ends = std::mem::take(&mut self.an_end);
        let mut position = 0;
        while position < self.seats.len() {
            let seat = &mut self.seats[position];
            // A worker that writes nonsense has lost its mind: its tasks are
            // safe, but for the oldest.
            let drained = seat.drain(&mut self.arrived);
            if drained.as_ref().is_ok_and(|count| *count > 0) {
                self.astray = 0;
            }
            if drained.is_err() || seat.waiting().is_err() {
                seat.verdict.get_or_insert(Verdict::Corrupt);
                let _ = seat.process.kill();
            }
            if !seat.started && seat.desk.is_ready() {
                seat.started = true;
                self.failures = 0;
            }
            seat.write_on();
            if !look_for_ends || seat.process.is_alive() {
                position += 1;
            } else {
                let seat = self.seats.remove(position);
                self.shared.watch.remove(&seat);
                self.clear(seat);
            }
        }
    }

    /// A worker has ended: its task in hand is lost, the rest go to others.
    fn clear(&mut self, mut seat: Seat) {
        let pid = seat.process.id();
        let was_ready = seat.desk.is_ready();
        let was_retired = seat.retired.is_some();
        let became = match seat.process.join_timeout(GRACE) {
            Ok(Some(Some(answer))) => answer.into_error(pid),
            Ok(_) => Error::Exited { pid, code: 0 },
            Err(error) => error,
        };
        let (rest, _lost) = seat.clear(&mut self.arrived, &became);
        self.put_back(rest);
        self.publish_ids();
        if !was_ready && !was_retired {
            self.fail_start(became);
        }
    }

    /// Kills workers whose task takes too long, and those that start none.
    fn enforce_timeout(&mut self) {
        let Some(limit) = self.settings.task_timeout else {
            return;
        };
        for position in 0..self.seats.len() {
            let seat = &mut self.seats[position];
            seat.look();
            let overruns = seat.overruns(limit);
            // It has lost its mind, or its processor: its tasks are safe.
            let is_astray = seat.started
                && !seat.in_hand()
                && seat.idles_over_tasks() >= limit.max(ASTRAY);
            if seat.verdict.is_some() || !(overruns || is_astray) {
                continue;
            }
            // Take back what waits first: then the worker cannot start another
            // task between this look and its death.
            self.reclaim(position, u32::MAX);
            let seat = &mut self.seats[position];
            let has_finished_some =
                seat.drain(&mut self.arrived).is_ok_and(|n| n > 0);
            // Meanwhile it may have gone on to the next task.
            seat.look();
            let is_astray = is_astray && !seat.in_hand() && !has_finished_some;
            if is_astray || seat.overruns(limit) {
                seat.verdict = Some(Verdict::TimedOut(limit));
                let _ = seat.process.kill();
            }
            if is_astray {
                self.note_astray(position, limit);
            }
        }
    }

    /// Notes that a worker had tasks and started none. When that happens again
    /// and again, the first of the tasks is to blame, whatever workers say.
    fn note_astray(&mut self, position: usize, limit: Duration) {
        self.astray += 1;
        if self.astray < ATTEMPTS {
            return;
        }
        self.astray = 0;
        if let Some(mut span) = self.pending.pop_front() {
            let pid = self.seats[position].process.id();
            let to = span.from + 1;
            Span { to, ..span.clone() }.fail(&Error::TimedOut { pid, after: limit });
            span.from = to;
            if span.len() > 0 {
                self.pending.push_front(span);
            }
        }
    }

    /// Tells the workers when to ring; returns how long to sleep at most.
    pub(crate) fn prepare_to_sleep(&self) -> Duration {
        let mut something = false;
        for seat in &self.seats {
            something |= seat.want();
        }
        if something {
            Duration::ZERO
        } else {
            self.patience()
        }
    }

    /// How long to sleep at most.
    fn patience(&self) -> Duration {
        let someone_idles = self.seats.iter().any(Seat::is_idle)
            || self.seats.len() < self.shared.workers;
        let mut patience = LATE;
        for seat in self.seats.iter().filter(|seat| !seat.is_idle()) {
            let others_could = someone_idles && seat.waiting().is_ok_and(|n| n > 0);
            if !seat.is_slow() || others_could {
                patience = patience.min(SOON);
            }
            if let Some(limit) = self.settings.task_timeout {
                let left = limit.saturating_sub(seat.running());
                let left = if seat.in_hand() { left } else { limit };
                patience = patience.min(left.max(Duration::from_millis(1)));
            }
        }
        if self.seats.iter().any(|seat| seat.retired.is_some()) {
            patience = patience.min(GRACE / 10);
        }
        patience
    }

    /// Ends everything now: what has no result is cancelled.
    fn terminate(&mut self) {
        for seat in &self.seats {
            let _ = seat.process.kill();
        }
        for mut seat in std::mem::take(&mut self.seats) {
            self.shared.watch.remove(&seat);
            let _ = seat.process.join_timeout(GRACE);
            seat.verdict = Some(Verdict::Cancelled);
            let (rest, _lost) = seat.clear(&mut self.arrived, &Error::Cancelled);
            self.put_back(rest);
        }
        for span in self.pending.drain(..) {
            span.fail(&Error::Cancelled);
        }
        self.publish_ids();
    }
}

//! What looks after a pool's workers.
//!
//! It hands out tasks, brings results back, starts workers when there is work
//! for them, and replaces what dies. It never runs code of the user's and never
//! waits for a worker. Which thread makes it go round is told in lead.rs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::pool::bell::Bell;
use crate::pool::desk::Desk;
use crate::pool::job::{Arrived, Command, Inbox, Shared, Span, lock};
use crate::pool::seat::{Seat, Verdict};
use crate::pool::watch::Events;
use crate::pool::worker::{Arguments, Initializer, now, serve};
use crate::process::Process;

/// How many workers may die in a row before one of them takes a task.
const ATTEMPTS: u32 = 3;
/// When to try again to start a worker beside those that could be started.
const RETRY: Duration = Duration::from_secs(1);
/// How long a worker may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(5);
/// When to look again although no bell rang, while fast tasks are under way.
const SOON: Duration = Duration::from_millis(2);
/// When to look again in any case.
const LATE: Duration = Duration::from_secs(10);
/// From when on a worker that starts nothing may lose its tasks to others.
const STALLED: Duration = Duration::from_millis(10);

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
            // safe, as far as they have not started.
            if seat.drain(&mut self.arrived).is_err() || seat.waiting().is_err() {
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

    /// Notes that a worker could not start. When that happens again and again
    /// and nobody is left to do the work, the work fails.
    fn fail_start(&mut self, became: Error) {
        self.failures += 1;
        if self.failures < ATTEMPTS {
            return;
        }
        if !self.seats.is_empty() {
            self.retry = Deadline::after(RETRY);
            return;
        }
        let broken = Error::Broken {
            attempts: self.failures,
            source: Box::new(became),
        };
        for span in self.pending.drain(..) {
            span.fail(&broken);
        }
        // What is submitted later gets as many attempts of its own.
        self.failures = 0;
    }

    /// Kills workers whose task takes too long.
    fn enforce_timeout(&mut self) {
        let Some(limit) = self.settings.task_timeout else {
            return;
        };
        for position in 0..self.seats.len() {
            if self.overdue(position, limit)
                && self.seats[position].verdict.is_none()
            {
                // Take back what waits behind it first: then the worker cannot
                // start another task between this look and its death.
                self.reclaim(position, u32::MAX);
                let _ = self.seats[position].drain(&mut self.arrived);
                if self.overdue(position, limit) {
                    let seat = &mut self.seats[position];
                    seat.verdict = Some(Verdict::TimedOut(limit));
                    let _ = seat.process.kill();
                }
            }
        }
    }

    fn overdue(&self, position: usize, limit: Duration) -> bool {
        let seat = &self.seats[position];
        let running = now().saturating_sub(seat.desk.started_at());
        seat.in_hand() && u128::from(running) >= limit.as_nanos()
    }

    /// Hands out tasks: first to those who have none, then as far ahead as
    /// each is fast; and lets the idle take from the busy.
    fn assign(&mut self) {
        for only_idle in [true, false] {
            for position in 0..self.seats.len() {
                let seat = &self.seats[position];
                if seat.is_open() && (seat.is_idle() || !only_idle) {
                    let most = if only_idle { 1 } else { u32::MAX };
                    self.feed(position, most);
                }
            }
        }
        if self.pending.is_empty() {
            self.balance();
        }
    }

    /// Fills up one worker to as many waiting tasks as suit its pace.
    fn feed(&mut self, position: usize, most: u32) {
        let seat = &mut self.seats[position];
        let chunk = u32::try_from(self.shared.chunk).unwrap_or(u32::MAX);
        let target = seat.ahead.min(most).max(chunk);
        while let Some(span) = self.pending.front_mut() {
            if span.batch.inbox.abandoned.load(Ordering::Relaxed) {
                self.pending.pop_front();
                continue;
            }
            let waiting = seat.waiting().unwrap_or(u32::MAX);
            let room = target.saturating_sub(waiting);
            // Whole chunks, so that few things happen for each.
            if room == 0 || (room < target / 2 && waiting > 0) {
                break;
            }
            let given = seat.give(span, room as usize);
            if span.len() == 0 {
                self.pending.pop_front();
            }
            if given == 0 {
                break;
            }
        }
    }

    /// Lets each idle worker take over half of what waits at the busiest.
    fn balance(&mut self) {
        for idle in 0..self.seats.len() {
            let seat = &self.seats[idle];
            if !seat.is_idle() || !seat.is_open() || !seat.desk.is_ready() {
                continue;
            }
            let busiest = (0..self.seats.len())
                .map(|position| (self.spare(position), position))
                .max();
            if let Some((count, busiest)) = busiest.filter(|(count, _)| *count > 0) {
                self.reclaim(busiest, count);
                let most = self.pending.iter().map(Span::len).sum::<usize>() as u32;
                let target = self.seats[idle].ahead.max(most);
                self.feed_all(idle, target);
            }
        }
    }

    /// Gives up to `count` of the pending tasks to one worker.
    fn feed_all(&mut self, position: usize, count: u32) {
        let mut left = count as usize;
        while let Some(span) = self.pending.front_mut().filter(|_| left > 0) {
            let given = self.seats[position].give(span, left);
            left -= given;
            if span.len() == 0 {
                self.pending.pop_front();
            }
            if given == 0 {
                break;
            }
        }
    }

    /// How many of a worker's waiting tasks an idle one should take.
    fn spare(&self, position: usize) -> u32 {
        let seat = &self.seats[position];
        let waiting = seat.waiting().unwrap_or(0);
        let quiet = seat.measured.elapsed();
        if !seat.desk.is_ready() {
            return waiting;
        }
        if seat.in_hand() {
            // Tasks that take no time are not worth the trouble.
            let rest = seat.pace.saturating_mul(u64::from(waiting));
            let worth = rest > 100_000 || quiet > SOON;
            return if worth { waiting.div_ceil(2) } else { 0 };
        }
        if quiet > STALLED {
            waiting
        } else {
            waiting / 2
        }
    }

    /// Takes back tasks that have not started, to the front of the queue.
    fn reclaim(&mut self, position: usize, count: u32) {
        let spans = self.seats[position].take_back(count);
        self.put_back(spans);
    }

    fn put_back(&mut self, spans: Vec<Span>) {
        for span in spans.into_iter().rev() {
            self.pending.push_front(span);
        }
    }

    /// Starts workers for tasks that nobody will start soon.
    fn start_workers(&mut self) {
        while self.seats.len() < self.shared.workers && self.stuck() > 0 {
            if !self.seats.is_empty() && !self.retry.is_over() {
                break;
            }
            match self.start_worker() {
                Ok(seat) => self.seats.push(seat),
                // The system refuses. Those that run go on with the work.
                Err(_) if !self.seats.is_empty() => {
                    self.retry = Deadline::after(RETRY);
                    break;
                }
                Err(error) => {
                    self.fail_start(error);
                    if self.failures > 0 {
                        std::thread::sleep(STALLED);
                    }
                    continue;
                }
            }
            self.publish_ids();
            self.assign();
        }
    }

    /// How many tasks wait behind another task.
    fn stuck(&self) -> usize {
        let behind = self.seats.iter().map(|seat| {
            let waiting = seat.waiting().unwrap_or(0);
            let next = if seat.in_hand() { 0 } else { 1 };
            waiting.saturating_sub(next) as usize
        });
        behind.sum::<usize>() + self.pending.iter().map(Span::len).sum::<usize>()
    }

    fn start_worker(&mut self) -> Result<Seat> {
        let desk = Desk::new()?;
        let bell = Bell::new()?;
        self.started += 1;
        let arguments = Arguments {
            desk: desk.mapping().clone(),
            own_bell: bell.clone(),
            parent_bell: self.shared.watch.results.clone(),
            initializer: self.settings.initializer.clone(),
            timed: self.settings.task_timeout.is_some(),
        };
        let process = Process::builder()
            .name(format!("PoolWorker-{}", self.started))
            .prints_panics(false)
            .spawn(serve, arguments)?;
        self.shared.watch.add(&process)?;
        Ok(Seat::new(
            process,
            desk,
            bell,
            self.settings.tasks_per_worker,
        ))
    }

    fn publish_ids(&self) {
        let ids = self.seats.iter().map(|seat| seat.process.id()).collect();
        *lock(&self.shared.worker_ids) = ids;
    }

    /// Ends workers that have done their share, or all at the end.
    fn retire(&mut self) {
        let all = self.closing && self.pending.is_empty();
        for seat in &mut self.seats {
            match seat.retired {
                None if seat.is_idle() && (all || seat.quota == Some(0)) => {
                    seat.retire();
                }
                // A stopped process cannot end by itself.
                Some(since) if since.elapsed() > GRACE => {
                    let _ = seat.process.kill();
                }
                _ => {}
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
        let someone_idles = self.seats.iter().any(Seat::is_idle);
        let mut patience = LATE;
        for seat in self.seats.iter().filter(|seat| !seat.is_idle()) {
            let others_could = someone_idles && seat.waiting().is_ok_and(|n| n > 0);
            if !seat.is_slow() || others_could {
                patience = patience.min(SOON);
            }
            if let Some(limit) = self.settings.task_timeout {
                let running = now().saturating_sub(seat.desk.started_at());
                let left = limit.saturating_sub(Duration::from_nanos(running));
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

//! What the parent knows of one worker, and how it hands tasks to it.

mod results;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::pool::bell::Bell;
use crate::pool::desk::{Desk, RING, Ring};
use crate::pool::job::Span;
use crate::pool::record::Functions;
use crate::pool::sleep::Sleep;
use crate::pool::worker::now;
use crate::process::Process;
use crate::worker::Answer;

/// How much work a worker should have ahead of it. It hides the time that the
/// parent takes to come round again, on a machine with few cores.
pub(crate) const AHEAD: Duration = Duration::from_millis(3);

/// The most tasks that a worker has ahead of it.
const MOST_AHEAD: u32 = 16 * 1024;

/// Why a worker was killed by its own pool.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    TimedOut(Duration),
    Cancelled,
    /// It wrote what it must not.
    Corrupt,
}

/// One worker, seen from the parent.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) process: Process<Option<Answer>>,
    pub(crate) desk: Desk,
    bell: Bell,
    /// The tasks that were handed out and have no result yet, oldest first.
    held: VecDeque<Held>,
    held_count: u32,
    /// How many results have arrived; wraps, as the gate's counts do.
    finished: u32,
    /// How many tasks the gate allows; the parent alone changes it.
    allowed: u32,
    written: u64,
    read: u64,
    /// What the tasks after those that are written would call.
    functions: Option<Functions>,
    /// How much of the last task's record is not written yet.
    unwritten: usize,
    /// Whether it was given something that it may have to be woken for.
    has_news: bool,
    /// Results as they come; the last one may not be there as a whole.
    incoming: Vec<u8>,
    /// How many tasks to have waiting for it.
    pub(crate) ahead: u32,
    /// When results last arrived, or when work began.
    pub(crate) measured: Instant,
    /// Nanoseconds that a task takes, roughly, and bytes of its result.
    pub(crate) pace: u64,
    result_bytes: u64,
    pub(crate) verdict: Option<Verdict>,
    /// How many tasks it may still be given, if that is limited.
    pub(crate) quota: Option<usize>,
    /// When it was told to end.
    pub(crate) retired: Option<Instant>,
    /// Whether it is known to have started well.
    pub(crate) started: bool,
    /// How many tasks had started when that was last looked at, and since when
    /// they were so many.
    seen: (u32, Instant),
}

/// Tasks that a worker holds.
#[derive(Debug)]
struct Held {
    span: Span,
    /// Where in the ring the first record of their batch is, or would be.
    base: u64,
    /// The first task that was handed out, and what the ring's position was
    /// before anything was written for it.
    first: (usize, u64),
}

impl Held {
    /// Where in the ring a task's record starts, or what was written for it.
    fn position(&self, task: usize) -> u64 {
        let (first, before) = self.first;
        if task == first {
            return before;
        }
        self.base.wrapping_add(self.span.batch.start(task) as u64)
    }
}

impl Seat {
    pub(crate) fn new(
        process: Process<Option<Answer>>,
        desk: Desk,
        bell: Bell,
        quota: Option<usize>,
    ) -> Seat {
        Seat {
            process,
            desk,
            bell,
            held: VecDeque::new(),
            held_count: 0,
            finished: 0,
            allowed: 0,
            written: 0,
            read: 0,
            functions: None,
            unwritten: 0,
            has_news: false,
            incoming: Vec::new(),
            ahead: 1,
            measured: Instant::now(),
            pace: AHEAD.as_nanos() as u64,
            result_bytes: 0,
            verdict: None,
            quota,
            retired: None,
            started: false,
            seen: (0, Instant::now()),
        }
    }

    /// Whether it may be given tasks.
    pub(crate) fn is_open(&self) -> bool {
        self.verdict.is_none() && self.retired.is_none() && self.quota != Some(0)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.held_count == 0
    }

    /// How many of its tasks have not started.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when the worker wrote what it must not.
    pub(crate) fn waiting(&self) -> Result<u32> {
        let counts = self.desk.gate().counts();
        let unfinished = counts.started.wrapping_sub(self.finished);
        if counts.allowed != self.allowed || counts.waiting() > self.held_count {
            return Err(Error::corrupt("a pool's gate"));
        }
        // A worker starts a task only when the one before it has its result;
        // some of those results may not have been read yet.
        if unfinished > self.held_count {
            return Err(Error::corrupt("a pool's gate"));
        }
        // What the worker says that it has read, it must have read once it has
        // nothing to do: else there would never be room for tasks again.
        let unread = self.written.wrapping_sub(self.desk.read(Ring::Tasks));
        if unread > RING as u64 || (self.is_idle() && unread > 0) {
            return Err(Error::corrupt("a pool's ring"));
        }
        Ok(counts.waiting())
    }

    /// Notes whether another task has started; to be called at every look.
    pub(crate) fn look(&mut self) {
        let started = self.desk.gate().counts().started;
        if started != self.seen.0 {
            self.seen = (started, Instant::now());
        }
    }

    /// How long it has had tasks and not started one, while it has none in hand.
    pub(crate) fn idles_over_tasks(&self) -> Duration {
        if self.is_idle() {
            Duration::ZERO
        } else {
            self.measured.elapsed()
        }
    }

    /// How long the task in hand has been running; the worker's word for it may
    /// be wrong, and then it is what was seen of it here.
    pub(crate) fn running(&self) -> Duration {
        let told = now().saturating_sub(self.desk.started_at());
        Duration::from_nanos(told).max(self.seen.1.elapsed())
    }

    /// Whether the task in hand has been running for `limit`.
    pub(crate) fn overruns(&self, limit: Duration) -> bool {
        self.in_hand() && self.running() >= limit
    }

    /// Whether a task has started whose result has not arrived.
    pub(crate) fn in_hand(&self) -> bool {
        self.desk.gate().counts().started != self.finished
    }

    pub(crate) fn held(&self) -> impl Iterator<Item = &Span> {
        self.held.iter().map(|held| &held.span)
    }

    // ---- handing out

    /// Hands out tasks from the start of `span`, at most `most`, as far as
    /// there is room; returns how many.
    pub(crate) fn give(&mut self, span: &mut Span, most: usize) -> usize {
        let quota = self.quota.unwrap_or(usize::MAX);
        let most = most.min(span.len()).min(quota);
        if most == 0 || self.unwritten > 0 {
            return 0;
        }
        let functions = span.batch.functions;
        let known = self.functions == Some(functions);
        let before = if known { 0 } else { Functions::RECORD };
        let Some(room) = self.room().checked_sub(before) else {
            return 0;
        };
        let mut given = span.fitting(room, most);
        let records = span.batch.records(span.from, span.from + given.max(1));
        if given == 0 {
            // What fits into an empty ring waits until there is room for all
            // of it; what never fits begins when nothing is before it.
            if records.len() <= RING - Functions::RECORD || self.held_count > 0 {
                return 0;
            }
            given = 1;
        }
        let before = self.written;
        if !known {
            self.write(&functions.to_record());
            self.functions = Some(functions);
        }
        let base = self
            .written
            .wrapping_sub(span.batch.start(span.from) as u64);
        let part = records.len().min(room);
        self.write(&records[..part]);
        self.unwritten = records.len() - part;
        self.desk.set_written(Ring::Tasks, self.written);

        let count = given as u32;
        if self.held_count == 0 {
            self.measured = Instant::now();
        }
        self.allowed = self.allowed.wrapping_add(count);
        self.held_count += count;
        self.quota = self.quota.map(|quota| quota - given);
        let to = span.from + given;
        self.hold(Held {
            span: Span { to, ..span.clone() },
            base,
            first: (span.from, before),
        });
        span.from = to;
        self.desk.gate().allow(count);
        self.has_news = true;
        given
    }

    /// How many bytes of the ring of tasks are free.
    fn room(&self) -> usize {
        let taken = self.written.wrapping_sub(self.desk.read(Ring::Tasks));
        RING.saturating_sub(taken as usize)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.desk.put(Ring::Tasks, self.written, bytes);
        self.written += bytes.len() as u64;
    }

    /// Notes what the worker holds, joining it to what it held before.
    fn hold(&mut self, held: Held) {
        match self.held.back_mut() {
            Some(last)
                if Arc::ptr_eq(&last.span.batch, &held.span.batch)
                    && last.span.to == held.span.from
                    && last.base == held.base =>
            {
                last.span.to = held.span.to;
            }
            _ => self.held.push_back(held),
        }
    }

    /// Writes more of a task that is larger than the ring.
    pub(crate) fn write_on(&mut self) {
        let Some(last) = self.held.back().filter(|_| self.unwritten > 0) else {
            return;
        };
        let batch = last.span.batch.clone();
        let record = batch.records(last.span.to - 1, last.span.to);
        let rest = &record[record.len() - self.unwritten..];
        let part = rest.len().min(self.room());
        if part > 0 {
            self.write(&rest[..part]);
            self.unwritten -= part;
            self.desk.set_written(Ring::Tasks, self.written);
            self.has_news = true;
        }
    }

    /// Takes back up to `count` tasks that have not started, in their order.
    pub(crate) fn take_back(&mut self, count: u32) -> Vec<Span> {
        let mut count = self.desk.gate().take_back(count).min(self.held_count);
        self.allowed = self.allowed.wrapping_sub(count);
        self.held_count -= count;
        self.quota = self.quota.map(|quota| quota + count as usize);
        let mut spans = Vec::new();
        while let Some(last) = self.held.back_mut().filter(|_| count > 0) {
            let part = (count as usize).min(last.span.len());
            let from = last.span.to - part;
            // The next task is written over the first that was taken back, and
            // over what was said of functions for it and after it.
            self.written = last.position(from);
            self.functions = None;
            self.unwritten = 0;
            spans.push(Span {
                from,
                ..last.span.clone()
            });
            last.span.to = from;
            if last.span.len() == 0 {
                self.held.pop_back();
            }
            count -= part as u32;
        }
        spans.reverse();
        spans
    }

    /// Wakes the worker if it sleeps and was given something. This comes after
    /// all has been handed out: on a busy machine the worker may run at once,
    /// in the place of this thread.
    pub(crate) fn wake(&mut self) {
        if std::mem::take(&mut self.has_news)
            && self.desk.sleepers().must_wake(&[Sleep::Tasks, Sleep::Room])
        {
            self.bell.ring();
        }
    }

    /// Tells the worker to end once it has nothing to do.
    pub(crate) fn retire(&mut self) {
        self.retired = Some(Instant::now());
        self.desk.close();
        self.bell.ring();
    }
}

impl AsFd for Seat {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }
}

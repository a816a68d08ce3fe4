//! What the parent knows of one worker, and how it hands tasks to it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::handle;
use crate::pool::bell::Bell;
use crate::pool::desk::{Desk, RING, ResultHeader, Ring, TaskHeader};
use crate::pool::job::{Arrived, Inbox, Record, Span};
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
}

/// One worker, seen from the parent.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) process: Process<Option<Answer>>,
    pub(crate) desk: Desk,
    bell: Bell,
    /// The tasks that were handed out and have no result yet, oldest first.
    held: VecDeque<Span>,
    held_count: u32,
    /// How many results have arrived; wraps, as the gate's counts do.
    finished: u32,
    /// How many tasks the gate allows; the parent alone changes it.
    allowed: u32,
    written: u64,
    read: u64,
    /// How much of the last task's record is not written yet.
    unwritten: usize,
    /// A result of which only a part has arrived.
    partial: Option<(ResultHeader, Vec<u8>)>,
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
            unwritten: 0,
            partial: None,
            ahead: 1,
            measured: Instant::now(),
            pace: AHEAD.as_nanos() as u64,
            result_bytes: 0,
            verdict: None,
            quota,
            retired: None,
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
        Ok(counts.waiting())
    }

    /// Whether a task has started whose result has not arrived.
    pub(crate) fn in_hand(&self) -> bool {
        self.desk.gate().counts().started != self.finished
    }

    pub(crate) fn held(&self) -> impl Iterator<Item = &Span> {
        self.held.iter()
    }

    // ---- handing out

    /// Hands out tasks from the start of `span`, at most `most`, as far as
    /// there is room; returns how many.
    pub(crate) fn give(&mut self, span: &mut Span, most: usize) -> usize {
        let quota = self.quota.unwrap_or(usize::MAX);
        let most = most.min(span.len()).min(quota);
        let mut given = 0;
        // Only what the worker has read is free; reading this once is enough.
        let read = self.desk.read(Ring::Tasks);
        while given < most && self.unwritten == 0 {
            let argument = span.batch.argument(span.from + given);
            let free = RING.saturating_sub(self.written.wrapping_sub(read) as usize);
            let record = TaskHeader::SIZE + argument.len();
            // What fits into an empty ring waits until there is room for all of
            // it; what never fits begins when nothing is before it.
            let begin_large = record > RING && self.held_count == 0 && given == 0;
            if record > free && !begin_large {
                break;
            }
            let header = TaskHeader {
                length: argument.len() as u64,
                trampoline: span.batch.trampoline,
                function: span.batch.function,
            };
            self.desk.put(Ring::Tasks, self.written, &header.to_bytes());
            let part = argument.len().min(free - TaskHeader::SIZE);
            let place = self.written + TaskHeader::SIZE as u64;
            self.desk.put(Ring::Tasks, place, &argument[..part]);
            self.written = place + part as u64;
            self.unwritten = argument.len() - part;
            given += 1;
        }
        if given == 0 {
            return 0;
        }
        self.desk.set_written(Ring::Tasks, self.written);
        let count = given as u32;
        if self.held_count == 0 {
            self.measured = Instant::now();
        }
        self.allowed = self.allowed.wrapping_add(count);
        self.held_count += count;
        self.quota = self.quota.map(|quota| quota - given);
        self.hold(Span {
            to: span.from + given,
            ..span.clone()
        });
        span.from += given;
        self.desk.gate().allow(count);
        self.wake();
        given
    }

    /// Notes that the worker holds `span`, joining it to the one before.
    fn hold(&mut self, span: Span) {
        match self.held.back_mut() {
            Some(last)
                if Arc::ptr_eq(&last.batch, &span.batch) && last.to == span.from =>
            {
                last.to = span.to;
            }
            _ => self.held.push_back(span),
        }
    }

    /// Writes more of a task that is larger than the ring.
    pub(crate) fn write_on(&mut self) {
        let Some(span) = self.held.back().filter(|_| self.unwritten > 0) else {
            return;
        };
        let argument = span.batch.argument(span.to - 1);
        let rest = &argument[argument.len() - self.unwritten..];
        let taken = self.written.wrapping_sub(self.desk.read(Ring::Tasks)) as usize;
        let part = rest.len().min(RING.saturating_sub(taken));
        if part > 0 {
            self.desk.put(Ring::Tasks, self.written, &rest[..part]);
            self.written += part as u64;
            self.unwritten -= part;
            self.desk.set_written(Ring::Tasks, self.written);
            self.wake();
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
            let part = (count as usize).min(last.len());
            let span = Span {
                from: last.to - part,
                ..last.clone()
            };
            for task in span.from..span.to {
                let record = TaskHeader::SIZE + span.batch.argument(task).len();
                self.written -= (record - self.unwritten) as u64;
                self.unwritten = 0;
            }
            last.to -= part;
            if last.len() == 0 {
                self.held.pop_back();
            }
            count -= part as u32;
            spans.push(span);
        }
        spans.reverse();
        spans
    }

    fn wake(&self) {
        if self.desk.must_wake() {
            self.bell.ring();
        }
    }

    /// Tells the worker to end once it has nothing to do.
    pub(crate) fn retire(&mut self) {
        self.retired = Some(Instant::now());
        self.desk.close();
        self.bell.ring();
    }

    // ---- results

    /// Reads the results that have arrived and delivers them.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when the worker wrote what it must not.
    pub(crate) fn drain(&mut self, arrived: &mut Arrived) -> Result<u32> {
        let mut inbox: Option<Arc<Inbox>> = None;
        let before = (self.finished, self.read);
        let outcome = self.read_results(arrived, &mut inbox);
        if let Some(inbox) = inbox {
            inbox.deliver(arrived);
        }
        if self.read != before.1 {
            self.desk.set_read(Ring::Results, self.read);
            self.wake();
        }
        let count = self.finished.wrapping_sub(before.0);
        if count > 0 {
            self.measure(count, self.read - before.1);
        }
        outcome.map(|()| count)
    }

    fn read_results(
        &mut self,
        arrived: &mut Arrived,
        inbox: &mut Option<Arc<Inbox>>,
    ) -> Result<()> {
        let end = self.desk.written(Ring::Results);
        if end.wrapping_sub(self.read) > RING as u64 {
            return Err(Error::corrupt("a pool's ring"));
        }
        let mut start = Vec::with_capacity(ResultHeader::SIZE);
        while self.read < end {
            let there = (end - self.read) as usize;
            if let Some((header, bytes)) = &mut self.partial {
                let missing = header.length - bytes.len() as u64;
                let part = missing.min(there as u64) as usize;
                self.desk.take(Ring::Results, self.read, part, bytes);
                self.read += part as u64;
                if part as u64 == missing
                    && let Some((header, bytes)) = self.partial.take()
                {
                    let place = self.next_inbox(arrived, inbox)?;
                    arrived.bytes.extend_from_slice(&bytes);
                    self.finish(header, place, arrived);
                }
                continue;
            }
            if there < ResultHeader::SIZE {
                break;
            }
            start.clear();
            self.desk
                .take(Ring::Results, self.read, ResultHeader::SIZE, &mut start);
            let header = ResultHeader::from_bytes(
                start.as_slice().try_into().unwrap_or_default(),
            );
            self.read += ResultHeader::SIZE as u64;
            let there = (there - ResultHeader::SIZE) as u64;
            if header.length > there {
                self.partial = Some((header, Vec::new()));
                continue;
            }
            let place = self.next_inbox(arrived, inbox)?;
            let length = header.length as usize;
            self.desk
                .take(Ring::Results, self.read, length, &mut arrived.bytes);
            self.read += header.length;
            self.finish(header, place, arrived);
        }
        Ok(())
    }

    /// Opens the inbox of the oldest task; says where its bytes will start.
    fn next_inbox(
        &mut self,
        arrived: &mut Arrived,
        inbox: &mut Option<Arc<Inbox>>,
    ) -> Result<usize> {
        let span = self
            .held
            .front()
            .ok_or(Error::corrupt("a result of a task"))?;
        let next = &span.batch.inbox;
        if inbox.as_ref().is_none_or(|open| !Arc::ptr_eq(open, next))
            && let Some(open) = inbox.replace(next.clone())
        {
            open.deliver(arrived);
        }
        Ok(arrived.bytes.len())
    }

    /// Notes the result of the oldest task, whose bytes begin at `place`.
    fn finish(&mut self, header: ResultHeader, place: usize, arrived: &mut Arrived) {
        let Some(index) = self.pop() else { return };
        if header.failed {
            let error = self.failure(&arrived.bytes[place..]);
            arrived.bytes.truncate(place);
            arrived.push_error(index, error);
        } else {
            let end = arrived.bytes.len();
            arrived.records.push(Record {
                index,
                end,
                error: None,
            });
        }
    }

    /// Forgets the oldest task, and returns its position in the input.
    fn pop(&mut self) -> Option<usize> {
        let span = self.held.front_mut()?;
        let index = span.index();
        span.from += 1;
        if span.len() == 0 {
            self.held.pop_front();
        }
        self.held_count -= 1;
        self.finished = self.finished.wrapping_add(1);
        Some(index)
    }

    fn failure(&self, answer: &[u8]) -> Error {
        let pid = self.process.id();
        match handle::decode_start::<Answer>(answer) {
            Ok((answer, _)) => answer.into_error(pid),
            Err(error) => error,
        }
    }

    /// Learns from `count` results how many tasks to have waiting.
    fn measure(&mut self, count: u32, bytes: u64) {
        let now = Instant::now();
        let elapsed = (now - self.measured).as_nanos() as u64;
        self.measured = now;
        self.pace = elapsed / u64::from(count);
        self.result_bytes = bytes / u64::from(count);
        let wanted = AHEAD.as_nanos() as u64 / self.pace.max(1);
        let most = self.ahead.saturating_mul(4).min(MOST_AHEAD);
        self.ahead = u32::try_from(wanted).unwrap_or(u32::MAX).clamp(1, most);
    }

    /// Says that the parent sleeps until about half of the tasks that wait are
    /// done, or the first if they take long. Returns whether they are already.
    pub(crate) fn want(&self) -> bool {
        let tasks = if self.is_slow() {
            0
        } else {
            u64::from(self.ahead) / 2
        };
        let bytes = (tasks * self.result_bytes).min(RING as u64 / 2);
        self.desk.want(self.read + bytes.max(1))
    }

    /// Whether each of its tasks is worth a look of the parent.
    pub(crate) fn is_slow(&self) -> bool {
        self.pace > 100_000 || self.ahead < 4
    }

    // ---- the end

    /// Turns what the worker left behind into the error of the task in hand,
    /// if there is one, and the tasks that others can run.
    pub(crate) fn clear(
        mut self,
        arrived: &mut Arrived,
        became: &Error,
    ) -> (Vec<Span>, u32) {
        // All that was published counts, up to the last whole result.
        let _ = self.drain(arrived);
        let pid = self.process.id();
        let started = self.desk.gate().counts().started;
        let lost = if started == self.finished { 0 } else { 1 };
        if lost == 1
            && let Some(span) = self.held.front()
        {
            let inbox = span.batch.inbox.clone();
            let error = match self.verdict {
                Some(Verdict::TimedOut(after)) => Error::TimedOut { pid, after },
                Some(Verdict::Cancelled) => Error::Cancelled,
                None => became.clone(),
            };
            if let Some(index) = self.pop() {
                arrived.push_error(index, error);
                inbox.deliver(arrived);
            }
        }
        (self.held.drain(..).collect(), lost)
    }
}

impl AsFd for Seat {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }
}

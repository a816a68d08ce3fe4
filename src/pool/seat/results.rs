//! What comes back from a worker: results, what they tell of its pace, and what
//! is left when it has ended.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::handle;
use crate::pool::desk::{RING, Ring};
use crate::pool::job::{Arrived, Inbox, Span};
use crate::pool::record::Header;
use crate::pool::sleep::Sleep;
use crate::worker::Answer;

use super::{AHEAD, MOST_AHEAD, Seat, Verdict};

impl Seat {
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
            if self.desk.sleepers().must_wake(&[Sleep::Room]) {
                self.bell.ring();
            }
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
        let started = self.desk.gate().counts().started;
        let end = self.desk.written(Ring::Results);
        let length = end.wrapping_sub(self.read);
        if length > RING as u64 {
            return Err(Error::corrupt("a pool's ring"));
        }
        if length > 0 {
            self.read_until(end, arrived, inbox)?;
        }
        // The worker starts a task once the result of the one before is there
        // as a whole, and here it was looked for afterwards.
        if started.wrapping_sub(self.finished).cast_signed() > 1 {
            return Err(Error::corrupt("a pool's ring"));
        }
        Ok(())
    }

    fn read_until(
        &mut self,
        end: u64,
        arrived: &mut Arrived,
        inbox: &mut Option<Arc<Inbox>>,
    ) -> Result<()> {
        let length = end.wrapping_sub(self.read);
        let mut incoming = std::mem::take(&mut self.incoming);
        self.desk
            .take(Ring::Results, self.read, length as usize, &mut incoming);
        self.read = end;
        let sorted = self.sort(&incoming, arrived, inbox)?;
        // What is left is the beginning of a large result.
        incoming.drain(..sorted);
        // One huge result must not cost its memory for ever.
        if incoming.is_empty() && incoming.capacity() > 4 * RING {
            incoming = Vec::new();
        }
        self.incoming = incoming;
        Ok(())
    }

    /// Finds out whose the whole results among `incoming` are, and returns how
    /// many bytes they take up.
    fn sort(
        &mut self,
        incoming: &[u8],
        arrived: &mut Arrived,
        inbox: &mut Option<Arc<Inbox>>,
    ) -> Result<usize> {
        let mut rest = incoming;
        while let Some((header, answer, after)) = Header::split(rest) {
            let held = self.held.front();
            let span = held.map(|held| &held.span);
            let span = span.ok_or_else(|| Error::corrupt("a result of a task"))?;
            let next = &span.batch.inbox;
            if inbox.as_ref().is_none_or(|open| !Arc::ptr_eq(open, next))
                && let Some(open) = inbox.replace(next.clone())
            {
                open.deliver(arrived);
            }
            if header.special {
                arrived.push_error(span.index(), self.failure(answer));
                rest = after;
                self.finish(1);
            } else {
                let (count, after) = results(rest, span.len());
                let records = &rest[..rest.len() - after.len()];
                arrived.push(span.index(), count, records);
                rest = after;
                self.finish(count);
            }
        }
        Ok(incoming.len() - rest.len())
    }

    /// Forgets the `count` oldest tasks, all of the oldest span.
    fn finish(&mut self, count: usize) {
        if let Some(held) = self.held.front_mut() {
            held.span.from += count;
            if held.span.len() == 0 {
                self.held.pop_front();
            }
            self.held_count -= count as u32;
            self.finished = self.finished.wrapping_add(count as u32);
        }
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
        let pace = elapsed / u64::from(count);
        // A worker that has nothing left may have been done long before: then
        // little of it is believed at a time.
        let most = if self.is_idle() {
            self.pace.saturating_mul(4)
        } else {
            u64::MAX
        };
        self.pace = pace.min(most).max(1);
        self.result_bytes = bytes / u64::from(count);
        let wanted = AHEAD.as_nanos() as u64 / self.pace;
        let most = self.ahead.saturating_mul(4).min(MOST_AHEAD);
        self.ahead = u32::try_from(wanted).unwrap_or(u32::MAX).clamp(1, most);
    }

    /// Says that the parent sleeps until about half of the tasks that wait are
    /// done, or the first if they take long, or the worker sleeps as well.
    /// Returns whether there is something to do already.
    pub(crate) fn want(&self) -> bool {
        let tasks = if self.is_slow() {
            0
        } else {
            u64::from(self.ahead) / 2
        };
        let bytes = (tasks * self.result_bytes).min(RING as u64 / 2);
        self.desk.want(self.read + bytes.max(1), || {
            self.desk.written(Ring::Results) != self.read
                || (self.unwritten > 0 && self.room() > 0)
        })
    }

    /// Whether each of its tasks is worth a look of the parent.
    pub(crate) fn is_slow(&self) -> bool {
        self.ahead < 4
    }

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
        // A worker that wrote nonsense would do it again in another process, so
        // what it says of the oldest task counts for nothing.
        let is_corrupt = matches!(self.verdict, Some(Verdict::Corrupt));
        let lost = if self.in_hand() || is_corrupt { 1 } else { 0 };
        if lost == 1
            && let Some(held) = self.held.front()
        {
            let inbox = held.span.batch.inbox.clone();
            let error = match self.verdict {
                Some(Verdict::TimedOut(after)) => Error::TimedOut { pid, after },
                Some(Verdict::Cancelled) => Error::Cancelled,
                Some(Verdict::Corrupt) | None => became.clone(),
            };
            arrived.push_error(held.span.index(), error);
            inbox.deliver(arrived);
            self.finish(1);
        }
        (self.held.drain(..).map(|held| held.span).collect(), lost)
    }
}

/// Counts the results at the start of `bytes`, at most `most`, up to one that
/// is none or not there as a whole; returns also what follows them.
fn results(bytes: &[u8], most: usize) -> (usize, &[u8]) {
    let mut rest = bytes;
    let mut count = 0;
    while count < most
        && let Some((header, _, after)) = Header::split(rest)
        && !header.special
    {
        count += 1;
        rest = after;
    }
    (count, rest)
}

//! Which worker gets which task: as far ahead as each is fast, and what waits at
//! a busy one is taken back for one that idles.

use std::sync::atomic::Ordering;

use crate::pool::job::Span;

use super::{Router, SOON, STALLED};

impl Router {
    /// Hands out tasks: first to those who have none, then as far ahead as
    /// each is fast; and lets the idle take from the busy.
    pub(super) fn assign(&mut self) {
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
    pub(super) fn reclaim(&mut self, position: usize, count: u32) {
        let spans = self.seats[position].take_back(count);
        self.put_back(spans);
    }

    pub(super) fn put_back(&mut self, spans: Vec<Span>) {
        for span in spans.into_iter().rev() {
            self.pending.push_front(span);
        }
    }

    /// How many tasks wait behind another task.
    pub(super) fn stuck(&self) -> usize {
        let behind = self.seats.iter().map(|seat| {
            let waiting = seat.waiting().unwrap_or(0);
            let starts = !seat.in_hand() && seat.idles_over_tasks() < STALLED;
            let next = if starts { 1 } else { 0 };
            waiting.saturating_sub(next) as usize
        });
        behind.sum::<usize>() + self.pending.iter().map(Span::len).sum::<usize>()
    }
}

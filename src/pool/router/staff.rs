//! How many workers there are: started when tasks wait, ended when they have done
//! their share.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::pool::bell::Bell;
use crate::pool::desk::Desk;
use crate::pool::job::lock;
use crate::pool::seat::Seat;
use crate::pool::worker::{Arguments, serve};
use crate::process::Process;

use super::{GRACE, Router, STALLED};

/// How many workers may die in a row before one of them takes a task.
pub(super) const ATTEMPTS: u32 = 3;
/// When to try again to start a worker beside those that could be started.
const RETRY: Duration = Duration::from_secs(1);

impl Router {
    /// Starts workers for tasks that nobody will start soon.
    pub(super) fn start_workers(&mut self) {
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

    pub(super) fn publish_ids(&self) {
        let ids = self.seats.iter().map(|seat| seat.process.id()).collect();
        *lock(&self.shared.worker_ids) = ids;
    }

    /// Ends workers that have done their share, or all at the end.
    pub(super) fn retire(&mut self) {
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

    /// Notes that a worker could not start. When that happens again and again
    /// and nobody is left to do the work, the work fails.
    pub(super) fn fail_start(&mut self, became: Error) {
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
}

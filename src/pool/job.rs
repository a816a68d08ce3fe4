//! A call's tasks on their way to the workers, and their results on the way back.
//!
//! The caller's thread turns items into bytes and bytes into results, so that
//! no code of the user's ever runs in the thread that looks after the workers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::pool::bell::Bell;

/// How long a caller waits before it looks whether the pool is still there.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// What a pool's handle, its callers and its router share.
#[derive(Debug)]
pub(crate) struct Shared {
    commands: Mutex<Vec<Command>>,
    /// Wakes the router.
    pub(crate) bell: Bell,
    /// Whether the router has ended: nothing will arrive any more.
    pub(crate) ended: AtomicBool,
    pub(crate) worker_ids: Mutex<Vec<u32>>,
    /// How many workers there may be.
    pub(crate) workers: usize,
    /// How many tasks are handed to a worker at a time, at least.
    pub(crate) chunk: usize,
}

/// What the router is told.
#[derive(Debug)]
pub(crate) enum Command {
    Submit(Batch),
    /// Forget the tasks of this inbox that wait; those that run only if said.
    Cancel {
        inbox: Arc<Inbox>,
        running: bool,
    },
    /// End when everything is done.
    Close,
    /// End now.
    Terminate,
}

impl Shared {
    pub(crate) fn new(bell: Bell, workers: usize, chunk: usize) -> Shared {
        Shared {
            commands: Mutex::default(),
            bell,
            ended: AtomicBool::new(false),
            worker_ids: Mutex::default(),
            workers,
            chunk,
        }
    }

    pub(crate) fn command(&self, command: Command) {
        lock(&self.commands).push(command);
        self.bell.ring();
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut *lock(&self.commands))
    }

    /// Ends the pool: from here on nobody waits for it.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        for command in self.commands() {
            if let Command::Submit(batch) = command {
                batch.inbox.arrival.notify_all();
            }
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// Locks; a panic in another thread left nothing half done under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tasks of one call, as bytes.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) trampoline: u64,
    pub(crate) function: u64,
    /// The position in the input of each task, and where its bytes end.
    pub(crate) tasks: Vec<(usize, usize)>,
    pub(crate) bytes: Vec<u8>,
}

impl Batch {
    /// The bytes of one task.
    pub(crate) fn argument(&self, task: usize) -> &[u8] {
        let start = if task == 0 { 0 } else { self.tasks[task - 1].1 };
        &self.bytes[start..self.tasks[task].1]
    }
}

/// A run of tasks of one batch.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) batch: Arc<Batch>,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Span {
    pub(crate) fn len(&self) -> usize {
        self.to - self.from
    }

    /// The position in the input of its first task.
    pub(crate) fn index(&self) -> usize {
        self.batch.tasks[self.from].0
    }
}

/// Where the results of one call arrive.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    arrived: Mutex<Arrived>,
    arrival: Condvar,
    /// Whether the caller has lost interest.
    pub(crate) abandoned: AtomicBool,
}

/// Results in the order of their arrival, as bytes.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) records: Vec<Record>,
    pub(crate) bytes: Vec<u8>,
}

/// One result: whose it is, and where its bytes end or why there is none.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) index: usize,
    pub(crate) end: usize,
    pub(crate) error: Option<Box<Error>>,
}

impl Arrived {
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.bytes.clear();
    }

    pub(crate) fn push_error(&mut self, index: usize, error: Error) {
        let error = Some(Box::new(error));
        self.records.push(Record {
            index,
            end: self.bytes.len(),
            error,
        });
    }
}

impl Inbox {
    /// Hands results over to the caller; leaves `more` empty.
    pub(crate) fn deliver(&self, more: &mut Arrived) {
        if more.records.is_empty() {
            return;
        }
        let mut arrived = lock(&self.arrived);
        if arrived.records.is_empty() {
            std::mem::swap(&mut *arrived, more);
        } else {
            let before = arrived.bytes.len();
            arrived.bytes.append(&mut more.bytes);
            arrived
                .records
                .extend(more.records.drain(..).map(|record| Record {
                    end: before + record.end,
                    ..record
                }));
        }
        drop(arrived);
        more.clear();
        self.arrival.notify_all();
    }

    /// Takes what has arrived, waiting for it; leaves `into` empty when time is
    /// up or the pool has ended.
    pub(crate) fn wait(
        &self,
        shared: &Shared,
        into: &mut Arrived,
        deadline: Deadline,
    ) {
        into.clear();
        let mut arrived = lock(&self.arrived);
        while arrived.records.is_empty() {
            if deadline.is_over() || shared.has_ended() {
                return;
            }
            let patience = deadline.remaining_at_most(SECOND_LOOK);
            arrived = self
                .arrival
                .wait_timeout(arrived, patience)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        std::mem::swap(&mut *arrived, into);
    }
}

//! A call's tasks on their way to the workers, and their results on the way back.
//!
//! The caller's thread turns items into bytes and bytes into results, so that
//! no code of the user's ever runs in the thread that looks after the workers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::handle;
use crate::pool::lead::Lead;
use crate::pool::record::{Functions, Header};
use crate::pool::watch::Watch;

/// What a pool's handle, its callers and its router share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What the router has not heard yet; none when it has ended.
    commands: Mutex<Option<Vec<Command>>>,
    pub(crate) watch: Watch,
    pub(crate) lead: Lead,
    pub(crate) worker_ids: Mutex<Vec<u32>>,
    /// Whether no more is to be read of any input.
    pub(crate) closing: AtomicBool,
    /// What the last map called, and how many tasks it let be on their way.
    pub(crate) learned: Mutex<Option<(Functions, usize)>>,
    /// How many workers there may be.
    pub(crate) workers: usize,
    /// How many tasks are handed to a worker at a time, at least.
    pub(crate) chunk: usize,
}

/// When the router has to hear of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Haste {
    /// At once: somebody is woken.
    Now,
    /// At once, and the caller sees to it, so that the workers have something to
    /// do while it goes on.
    Here,
    /// Within a few milliseconds, if the caller does not wait before.
    Soon,
    /// When the caller waits, which it does next.
    Mine,
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
    pub(crate) fn new(watch: Watch, workers: usize, chunk: usize) -> Shared {
        Shared {
            commands: Mutex::new(Some(Vec::new())),
            watch,
            lead: Lead::default(),
            worker_ids: Mutex::default(),
            closing: AtomicBool::new(false),
            learned: Mutex::default(),
            workers,
            chunk,
        }
    }

    /// Tells the router, which hears it within `haste`; what is submitted after
    /// its end is cancelled. So each task that is submitted gets an outcome, and
    /// no caller waits in vain.
    pub(crate) fn command(&self, command: Command, haste: Haste) {
        let mut commands = lock(&self.commands);
        let Some(waiting) = &mut *commands else {
            drop(commands);
            command.refuse();
            return;
        };
        waiting.push(command);
        drop(commands);
        match haste {
            Haste::Now => self.watch.commands.ring(),
            Haste::Here if self.lead(|| 0, 0, Deadline::NEVER) => {}
            Haste::Here => self.watch.commands.ring(),
            Haste::Soon => self.look_soon(),
            Haste::Mine => {}
        }
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = lock(&self.commands);
        commands.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether there are commands that the router has not heard of.
    pub(crate) fn is_told(&self) -> bool {
        lock(&self.commands)
            .as_ref()
            .is_some_and(|told| !told.is_empty())
    }

    /// Ends the pool: nobody is there any more to hear of anything.
    pub(crate) fn end(&self) {
        let commands = lock(&self.commands).take();
        commands.into_iter().flatten().for_each(Command::refuse);
    }

    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.commands).is_none()
    }
}

impl Command {
    fn refuse(self) {
        if let Command::Submit(batch) = self {
            Span::whole(batch).fail(&Error::Cancelled);
        }
    }
}

/// Locks; a panic in another thread left nothing half done under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Consecutive tasks of one call, as the records that workers read.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) functions: Functions,
    /// The position in the input of the first task.
    first: usize,
    /// Where the record of each task ends.
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(
        inbox: &Arc<Inbox>,
        functions: Functions,
        first: usize,
    ) -> Batch {
        Batch {
            inbox: inbox.clone(),
            functions,
            first,
            ends: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// An empty batch for the tasks after these, with room for as many.
    pub(crate) fn following(&self, first: usize) -> Batch {
        Batch {
            ends: Vec::with_capacity(self.ends.len()),
            bytes: Vec::with_capacity(self.bytes.len()),
            ..Batch::new(&self.inbox, self.functions, first)
        }
    }

    /// Appends a task.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] or [`Error::HandleCannotTravel`] when it cannot be
    /// turned into bytes; the batch is as it was before.
    pub(crate) fn push<T: Serialize>(&mut self, argument: &T) -> Result<()> {
        let start = Header::begin(&mut self.bytes);
        if let Err(error) = handle::encode(argument, &mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        Header::end(&mut self.bytes, start, false);
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// Forgets what was written of a task when serde code panicked at it.
    pub(crate) fn forget_half(&mut self) {
        self.bytes.truncate(self.start(self.len()));
    }

    /// How many tasks there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The size of their records.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Where the record of a task starts; that of the task after the last
    /// where it would.
    pub(crate) fn start(&self, task: usize) -> usize {
        if task == 0 { 0 } else { self.ends[task - 1] }
    }

    /// The records of a run of tasks.
    pub(crate) fn records(&self, from: usize, to: usize) -> &[u8] {
        &self.bytes[self.start(from)..self.start(to)]
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
    pub(crate) fn whole(batch: Batch) -> Span {
        let to = batch.len();
        let batch = Arc::new(batch);
        Span { batch, from: 0, to }
    }

    /// Delivers an error for each of its tasks.
    pub(crate) fn fail(&self, error: &Error) {
        let mut arrived = Arrived::default();
        for index in self.index()..self.index() + self.len() {
            arrived.push_error(index, error.clone());
        }
        self.batch.inbox.deliver(&mut arrived);
    }

    pub(crate) fn len(&self) -> usize {
        self.to - self.from
    }

    /// The position in the input of its first task.
    pub(crate) fn index(&self) -> usize {
        self.batch.first + self.from
    }

    /// How many of its first tasks, at most `most`, have records that fit into
    /// `room` bytes together.
    pub(crate) fn fitting(&self, room: usize, most: usize) -> usize {
        let end = self.batch.start(self.from) + room;
        let tasks = &self.batch.ends[self.from..self.to];
        tasks[..most.min(tasks.len())].partition_point(|task| *task <= end)
    }
}

/// Where the results of one call arrive.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    arrived: Mutex<Arrived>,
    arrival: Condvar,
    /// How many results have arrived in all.
    pub(crate) delivered: AtomicUsize,
    /// Whether the caller has lost interest.
    pub(crate) abandoned: AtomicBool,
}

/// Results in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    runs: Vec<Run>,
    /// How many results they are.
    count: usize,
    /// The records of all results that are no errors.
    bytes: Vec<u8>,
}

/// The results of consecutive tasks, or the error of one.
#[derive(Debug)]
struct Run {
    index: usize,
    count: usize,
    error: Option<Box<Error>>,
}

impl Arrived {
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.count = 0;
        self.bytes.clear();
    }

    pub(crate) fn push(&mut self, index: usize, count: usize, records: &[u8]) {
        self.bytes.extend_from_slice(records);
        self.count += count;
        self.runs.push(Run {
            index,
            count,
            error: None,
        });
    }

    pub(crate) fn push_error(&mut self, index: usize, error: Error) {
        self.count += 1;
        self.runs.push(Run {
            index,
            count: 1,
            error: Some(Box::new(error)),
        });
    }
}

/// How much of some results was taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    runs: usize,
    /// Of the run that is being taken.
    results: usize,
    bytes: usize,
    /// The item at whose result serde code is at work.
    reads: Option<usize>,
}

impl Taken {
    /// Takes the next result and its item's position.
    #[inline(always)]
    pub(crate) fn next<R: DeserializeOwned>(
        &mut self,
        arrived: &mut Arrived,
    ) -> Option<(usize, Result<R, Box<Error>>)> {
        if let Some(index) = self.reads.take() {
            // It panicked, and the caller goes on all the same: the result
            // keeps its place.
            let message = "it panicked".into();
            return Some((index, Err(Box::new(Error::Decode { message }))));
        }
        let run = arrived.runs.get_mut(self.runs)?;
        let index = run.index + self.results;
        self.results += 1;
        if self.results == run.count {
            self.runs += 1;
            self.results = 0;
        }
        if let Some(error) = run.error.take() {
            return Some((index, Err(error)));
        }
        let rest = &arrived.bytes[self.bytes..];
        let Some((_, record, rest)) = Header::split(rest) else {
            return Some((index, Err(Box::new(Error::corrupt("a result")))));
        };
        self.bytes = arrived.bytes.len() - rest.len();
        self.reads = Some(index);
        let result = handle::decode(record);
        self.reads = None;
        match result {
            Ok(result) => Some((index, Ok(result))),
            Err(error) => Some((index, Err(Box::new(error)))),
        }
    }
}

impl Inbox {
    /// Hands results over to the caller; leaves `more` empty.
    pub(crate) fn deliver(&self, more: &mut Arrived) {
        if more.is_empty() {
            return;
        }
        self.delivered.fetch_add(more.count, Ordering::Relaxed);
        let mut arrived = lock(&self.arrived);
        if arrived.is_empty() {
            std::mem::swap(&mut *arrived, more);
        } else {
            arrived.bytes.append(&mut more.bytes);
            arrived.runs.append(&mut more.runs);
            arrived.count += more.count;
        }
        drop(arrived);
        more.clear();
        self.arrival.notify_all();
    }

    /// Takes what has arrived, waiting for it; leaves `into` empty when time is
    /// up. The router sees to it that something arrives, whatever happens.
    /// Results of fast tasks are waited for until there are `enough` of them,
    /// though not for long.
    ///
    /// Meanwhile the caller looks after the workers, unless somebody else does.
    pub(crate) fn wait(
        &self,
        shared: &Shared,
        enough: usize,
        into: &mut Arrived,
        deadline: Deadline,
    ) {
        into.clear();
        let there = || lock(&self.arrived).count;
        if there() < enough && !shared.lead(there, enough, deadline) {
            // What was not told with haste must be heard by whoever leads.
            shared.watch.commands.ring();
            let _waiting = shared.wait_for_leader();
            self.sleep(deadline);
        }
        std::mem::swap(&mut *lock(&self.arrived), into);
    }

    /// Sleeps until something arrives.
    fn sleep(&self, deadline: Deadline) {
        let mut arrived = lock(&self.arrived);
        while arrived.count == 0 {
            let Some(left) = deadline.remaining() else {
                let woken = self.arrival.wait(arrived);
                arrived = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if left.is_zero() {
                return;
            }
            let woken = self.arrival.wait_timeout(arrived, left);
            arrived = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

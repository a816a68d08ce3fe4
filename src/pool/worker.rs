//! The worker's side of a pool: takes tasks off its desk, one by one.

#![expect(unsafe_code, reason = "calls a function that came as an address")]

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::time::ClockId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::deadline::{Deadline, wait_readable};
use crate::error::{Error, Result};
use crate::handle::{self, Handle};
use crate::image;
use crate::mapping::Mapping;
use crate::pool::bell::Bell;
use crate::pool::desk::{Desk, RING, Ring};
use crate::pool::record::{Functions, Header};
use crate::pool::sleep::Sleep;
use crate::trace;
use crate::worker::{self, Answer, Trampoline};

/// How long a sleeping worker waits before it looks again. Nothing depends on
/// it: a ring is never missed.
const SECOND_LOOK: Duration = Duration::from_secs(10);

/// How often a worker looks for another task before it sleeps: about a microsecond
/// at first; then, as it may have to share its core with the parent, with others
/// let run in between. All that takes some tens of microseconds, which is what it
/// takes to be woken on a core that sleeps.
const LOOKS: u32 = 20;
const YIELDS: u32 = 60;

/// What a pool's worker is started with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arguments {
    pub(crate) desk: Mapping,
    /// Wakes this worker.
    pub(crate) own_bell: Bell,
    /// Wakes the parent.
    pub(crate) parent_bell: Bell,
    pub(crate) initializer: Option<Initializer>,
    /// Whether to note when each task starts.
    pub(crate) timed: bool,
}

/// A function to call before the first task, and its argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Initializer {
    pub(crate) trampoline: u64,
    pub(crate) function: u64,
    pub(crate) argument: Vec<u8>,
    pub(crate) handles: Vec<Handle>,
}

/// Decodes a task, calls the function, appends the result to the bytes; if
/// there is none, the [`Answer`] that says why.
pub(crate) type TaskTrampoline =
    fn(usize, &[u8], &mut Vec<u8>) -> Result<(), Box<Answer>>;

/// The [`TaskTrampoline`] for functions from `A` to `R`.
pub(crate) fn run_task<A: DeserializeOwned, R: Serialize>(
    function: usize,
    argument: &[u8],
    result: &mut Vec<u8>,
) -> Result<(), Box<Answer>> {
    let panicked = |(message, location)| Answer::Panicked { message, location };
    // SAFETY: (1) the address could be that of another type of function; (2)
    // it was taken from a `fn(A) -> R` together with this very trampoline;
    // (3) only the parent writes tasks.
    let function = unsafe {
        std::mem::transmute::<*const (), fn(A) -> R>(function as *const ())
    };
    worker::catch(|| {
        let argument = match handle::decode::<A>(argument) {
            Ok(argument) => argument,
            Err(error) => return Err(failed(error)),
        };
        match handle::encode(&function(argument), result) {
            Ok(()) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    })
    .unwrap_or_else(|panic| Err(Box::new(panicked(panic))))
}

#[cold]
fn failed(error: Error) -> Box<Answer> {
    Box::new(Answer::Failed(error))
}

/// The function that a pool's worker runs; returns why it could not start.
pub(crate) fn serve(arguments: Arguments) -> Option<Answer> {
    if let Some(initializer) = arguments.initializer
        && let Err(answer) = initialize(initializer)
    {
        return Some(answer);
    }
    let desk = match Desk::open(arguments.desk) {
        Ok(desk) => desk,
        Err(error) => return Some(Answer::Failed(error)),
    };
    // A task may fork, and its copy go on as if it were a worker.
    desk.mapping().keep_from_copies();
    let mut worker = Worker {
        desk,
        own_bell: arguments.own_bell,
        parent_bell: arguments.parent_bell,
        timed: arguments.timed,
        read: 0,
        written: 0,
        functions: None,
        task: Vec::new(),
        result: Vec::new(),
    };
    worker.desk.set_ready();
    worker.work().err().map(Answer::Failed)
}

fn initialize(initializer: Initializer) -> Result<(), Answer> {
    let failed = Answer::Failed;
    let trampoline = image::address(initializer.trampoline).map_err(failed)?;
    let function = image::address(initializer.function).map_err(failed)?;
    let luggage: Result<Vec<OwnedFd>> = initializer
        .handles
        .into_iter()
        .map(Handle::into_owned)
        .collect();
    // SAFETY: (1) the address could be that of another type of function; (2)
    // the parent took its offset from a `Trampoline` of this same program; (3)
    // only the parent sends arguments.
    let trampoline = unsafe {
        std::mem::transmute::<*const (), Trampoline>(trampoline as *const ())
    };
    let luggage = luggage.map_err(failed)?;
    let (answer, _handles) = trampoline(function, &initializer.argument, luggage);
    match handle::decode_start(&answer).map_err(failed)? {
        (Answer::Returned, _) => Ok(()),
        (answer, _) => Err(answer),
    }
}

struct Worker {
    desk: Desk,
    own_bell: Bell,
    parent_bell: Bell,
    timed: bool,
    /// How far the ring of tasks is read.
    read: u64,
    /// How far the ring of results is written.
    written: u64,
    /// What tasks call until the ring says otherwise.
    functions: Option<(TaskTrampoline, usize)>,
    /// The bytes of the task in hand.
    task: Vec<u8>,
    /// The record of its result.
    result: Vec<u8>,
}

impl Worker {
    fn work(&mut self) -> Result<()> {
        while self.next_task() {
            self.read_task()?;
            self.publish();
        }
        Ok(())
    }

    /// Starts the next task; waits for one. `false` at the end.
    fn next_task(&mut self) -> bool {
        for look in 0.. {
            if self.timed {
                // Before the start: the parent never sees a started task with
                // the time of the one before it.
                self.desk.set_started_at(now());
            }
            if self.desk.gate().start() {
                // The parent learns of the task before this one.
                if self.desk.sleepers().must_ring(self.written) {
                    self.parent_bell.ring();
                }
                return true;
            }
            if self.desk.is_closing() {
                break;
            }
            if look < LOOKS {
                std::hint::spin_loop();
            } else if look < LOOKS + YIELDS {
                self.tell_of_the_last();
                std::thread::yield_now();
            } else {
                let gate = self.desk.gate();
                self.sleep_unless(Sleep::Tasks, |desk| {
                    gate.counts().waiting() > 0 || desk.is_closing()
                });
            }
        }
        false
    }

    /// Rings for the parent if it sleeps until more results have come than there
    /// are: no more come before there is another task.
    fn tell_of_the_last(&self) {
        let is_unread = self.desk.read(Ring::Results) != self.written;
        if is_unread && self.desk.sleepers().must_ring_anyway() {
            self.parent_bell.ring();
        }
    }

    /// Sleeps until the parent rings, unless there is something to do already.
    fn sleep_unless(&self, sleep: Sleep, there_is_work: impl Fn(&Desk) -> bool) {
        let sleepers = self.desk.sleepers();
        if sleepers.fall_asleep(sleep, || there_is_work(&self.desk)) {
            // Not before it is said: else the parent could fall asleep in
            // between, and each would wait for the other.
            if sleepers.must_ring_anyway() {
                self.parent_bell.ring();
            }
            let second_look = Deadline::after(SECOND_LOOK);
            let _ = wait_readable(&[self.own_bell.as_fd()], second_look);
            if !self.own_bell.silence() {
                // A task has closed what was not its own, the lifeline too. This
                // worker would never sleep again, and outlive its parent.
                std::process::exit(1);
            }
        }
    }

    /// Reads the task that was started, runs it, and leaves its result.
    fn read_task(&mut self) -> Result<()> {
        let mut header = self.take_header()?;
        while header.special {
            self.take_bytes(header.length);
            self.functions = Some(find(Functions::from_bytes(&self.task)?)?);
            header = self.take_header()?;
        }
        self.take_bytes(header.length);
        self.desk.set_read(Ring::Tasks, self.read);
        self.run()
    }

    #[inline]
    fn take_header(&mut self) -> Result<Header> {
        let [first] = self.desk.array_at(Ring::Tasks, self.read);
        self.read += 1;
        let length = || {
            let length = self.desk.array_at(Ring::Tasks, self.read);
            self.read += length.len() as u64;
            Some(length)
        };
        Header::read(first, length).ok_or_else(|| Error::corrupt("a task"))
    }

    /// Moves the next bytes of the ring to `task`.
    fn take_bytes(&mut self, length: u64) {
        self.task.clear();
        if length < RING as u64 / 2 {
            // It was there as a whole before it could be started.
            self.append(length as usize);
            return;
        }
        // The parent goes on writing when it hears that there is room. The
        // length is the parent's word, so memory is taken as bytes arrive.
        let mut left = length;
        while left > 0 {
            let part = left.min(RING as u64 / 4);
            let wanted = self.read + part;
            while self.desk.written(Ring::Tasks) < wanted {
                self.sleep_unless(Sleep::Tasks, |desk| {
                    desk.written(Ring::Tasks) >= wanted
                });
            }
            self.append(part as usize);
            self.desk.set_read(Ring::Tasks, self.read);
            left -= part;
        }
    }

    fn append(&mut self, length: usize) {
        self.desk
            .take(Ring::Tasks, self.read, length, &mut self.task);
        self.read += length as u64;
    }

    fn run(&mut self) -> Result<()> {
        let (trampoline, function) =
            self.functions.ok_or_else(|| Error::corrupt("a task"))?;
        self.result.clear();
        let start = Header::begin(&mut self.result);
        let running = trace::span("task", "task");
        let answer = trampoline(function, &self.task, &mut self.result);
        drop(running);
        if let Err(answer) = &answer {
            self.result.truncate(start);
            Header::begin(&mut self.result);
            handle::encode(answer, &mut self.result)?;
        }
        Header::end(&mut self.result, start, answer.is_err());
        Ok(())
    }

    /// Writes the result, in pieces when it is larger than what is free.
    fn publish(&mut self) {
        let mut done = 0;
        while done < self.result.len() {
            let read = self.desk.read(Ring::Results);
            let unread = self.written.wrapping_sub(read);
            let free = (RING as u64).saturating_sub(unread) as usize;
            let left = self.result.len() - done;
            // Small results are published whole, large ones in big pieces.
            let part = if left <= RING / 4 {
                left
            } else {
                free.min(left)
            };
            if part > free || part == 0 {
                self.sleep_unless(Sleep::Room, |desk| {
                    desk.read(Ring::Results) != read
                });
                continue;
            }
            let piece = &self.result[done..done + part];
            self.desk.put(Ring::Results, self.written, piece);
            self.written += part as u64;
            self.desk.set_written(Ring::Results, self.written);
            done += part;
        }
        // One huge task must not cost its memory for ever.
        for buffer in [&mut self.task, &mut self.result] {
            if buffer.capacity() > 4 * RING {
                *buffer = Vec::new();
            }
        }
    }
}

/// Finds functions of this program at their offsets.
fn find(offsets: Functions) -> Result<(TaskTrampoline, usize)> {
    let address = image::address(offsets.trampoline)?;
    let function = image::address(offsets.function)?;
    // SAFETY: (1) the address could be that of another type of function; (2)
    // the parent took its offset from a `TaskTrampoline` of this same program;
    // (3) only the parent writes tasks.
    let trampoline = unsafe {
        std::mem::transmute::<*const (), TaskTrampoline>(address as *const ())
    };
    Ok((trampoline, function))
}

/// Nanoseconds of the clock that all processes share.
pub(crate) fn now() -> u64 {
    let time = rustix::time::clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

//! One run of an answer, from the grader's side.
//!
//! A scenario asks for events and lets processes in; here is what it asks.
//!
//! # Layout
//!
//! - `connection`: the grader's end of the probe's connections
//! - `event`: what a run tells
//! - `figures`: what a process uses
//! - `files`: what an answer has written
//! - `gap`: whether an answer came to a `todo!`
//! - `output`: what the answer prints
//! - `plan`: what a run hands out, and what it may take
//! - `pump`: takes in whatever arrives
//! - `report`: who waits for whom
//! - `rest`: when only the grader can wake the tree
//! - `sockets`: which socket is the other end of which
//! - `waits`: what a sleeping thread waits for

mod connection;
mod event;
mod figures;
mod files;
mod gap;
mod output;
mod plan;
mod pump;
mod report;
mod rest;
mod sockets;
mod waits;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{ChildStderr, ChildStdout};
use std::time::{Duration, Instant};

use probe::protocol::{Reply, VARIABLE};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::look::Look;
use crate::scratch::Scratch;
use crate::supervise::{Assignment, End, Supervised, copy_program};
use connection::Connection;
use output::Output;
use rest::Watch;

pub use event::{Event, Finished, Place, Stop, Visit, VisitId};
pub use figures::Memory;
pub use plan::Plan;
pub use rest::Pace;

/// A visitor that has been let in, or is kept waiting.
#[derive(Debug)]
struct Guest {
    visit: Visit,
    released: bool,
}

/// An answer at work.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    scratch: Scratch,
    nonce: String,
    listener: UnixListener,
    supervised: Supervised,
    output: Output<ChildStdout>,
    errors: Output<ChildStderr>,
    /// Everybody who has connected and not hung up.
    connections: BTreeMap<VisitId, Connection>,
    /// Those of them who work on a task or stand at a point.
    guests: BTreeMap<VisitId, Guest>,
    next_visit: VisitId,
    events: VecDeque<Event>,
    log: Vec<Event>,
    answers: Vec<(u32, Value)>,
    end: Option<End>,
    watch: Watch,
    deadline: Instant,
}

impl Run {
    /// Starts `program` as `plan` says.
    ///
    /// # Errors
    ///
    /// [`Stop::Grader`] when it cannot be started, [`Stop::HelperLost`] when it has
    /// killed its helper at once.
    pub fn start(program: &Path, plan: Plan) -> Result<Run, Stop> {
        let scratch = Scratch::new()?;
        let nonce = nonce()?;
        let listener = UnixListener::bind(scratch.socket())?;
        listener.set_nonblocking(true)?;
        for (name, content) in &plan.files {
            let path = scratch.work().join(name);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, content)?;
        }
        // A copy of its own: a build that goes on meanwhile may replace the file.
        let own = scratch.path().join("answer");
        copy_program(program, &own)?;
        let assignment = Assignment {
            program: own,
            arguments: plan.arguments.clone(),
            environment: environment(&scratch, &nonce),
            folder: scratch.work(),
            limits: plan.limits,
            containment: plan.containment,
        };
        let mut supervised = Supervised::start(&assignment, &plan.confinement)
            .map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionAborted => Stop::HelperLost,
                _ => error.into(),
            })?;
        let (output, errors) = supervised.take_output()?;
        Ok(Run {
            output: Output::new(output)?,
            errors: Output::new(errors)?,
            watch: Watch::new(plan.spinning, plan.quiet, plan.limits.many()),
            deadline: Instant::now() + plan.deadline,
            plan,
            scratch,
            nonce,
            listener,
            supervised,
            connections: BTreeMap::new(),
            guests: BTreeMap::new(),
            next_visit: 0,
            events: VecDeque::new(),
            log: Vec::new(),
            answers: Vec::new(),
            end: None,
        })
    }

    /// The id of the main process.
    #[must_use]
    pub fn main(&self) -> u32 {
        self.supervised.main
    }

    /// Those who wait to be let in, in the order of their coming.
    #[must_use]
    pub fn held(&self) -> Vec<Visit> {
        let held = self.guests.values().filter(|guest| !guest.released);
        held.map(|guest| guest.visit.clone()).collect()
    }

    /// Those who wait to be let in to a task.
    #[must_use]
    pub fn held_tasks(&self) -> Vec<Visit> {
        let mut held = self.held();
        held.retain(|visit| visit.task().is_some());
        held
    }

    /// Everything that has happened so far.
    #[must_use]
    pub fn log(&self) -> &[Event] {
        &self.log
    }

    /// What the main process has handed in; `None` if it has not, or more than
    /// once.
    #[must_use]
    pub fn answer(&self) -> Option<&Value> {
        match &self.answers[..] {
            [(process, value)] if *process == self.main() => Some(value),
            _ => None,
        }
    }

    /// How the main process ended, once it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The answer's folder.
    #[must_use]
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// All processes of the answer, as they are now.
    #[must_use]
    pub fn look(&self) -> Look {
        self.supervised.look()
    }

    /// Lets a visitor in. One that has died meanwhile does not mind.
    pub fn release(&mut self, visit: &Visit) {
        let reply = match &visit.place {
            Place::Task(task) => Reply::Go {
                order: self.plan.orders.get(task).cloned().unwrap_or_default(),
            },
            Place::Point { .. } => Reply::Noted,
        };
        let Some(guest) = self.guests.get_mut(&visit.id) else {
            return;
        };
        guest.released = true;
        if let Some(connection) = self.connections.get_mut(&visit.id) {
            connection.reply(&reply);
        }
        self.watch.event();
    }

    /// Sends a signal to one process of the answer.
    pub fn signal(&mut self, process: u32, signal: Signal) {
        let known = self.look().processes.contains_key(&process);
        if let Some(id) = Pid::from_raw(process.cast_signed()).filter(|_| known) {
            let _ = kill_process(id, signal); // it may just have ended
        }
        self.watch.event();
    }

    /// Sends a signal to the whole group of the main process, as Ctrl-C does.
    pub fn signal_group(&mut self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.main().cast_signed()) {
            let _ = kill_process_group(group, signal); // it may just have ended
        }
        self.watch.event();
    }

    /// Blocks until something happens.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing can happen any more, or nothing good.
    pub fn event(&mut self) -> Result<Event, Stop> {
        match self.event_or_rest()? {
            Some(event) => Ok(event),
            None => Err(self.stop(Stop::Deadlocked(self.waits()))),
        }
    }

    /// Blocks until something happens or the tree is at rest (`None`): then only
    /// the grader can wake it, and what has not happened never will by itself.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing can happen any more, or nothing good.
    pub fn event_or_rest(&mut self) -> Result<Option<Event>, Stop> {
        let mut pause = Duration::from_micros(200);
        loop {
            self.pump(pause)?;
            if let Some(event) = self.next_logged() {
                return Ok(Some(event));
            }
            if let Some(end) = &self.end {
                return Err(self.stop(Stop::Ended(end.clone())));
            }
            let pace = self
                .watch
                .pace(self.supervised.main, || self.supervised.look());
            // What was sent before the looks has arrived by now.
            let moved = self.pump(Duration::ZERO)?;
            if let Some(event) = self.next_logged() {
                return Ok(Some(event));
            }
            match pace {
                Pace::Rest | Pace::Quiet if moved => {}
                Pace::Rest => return Ok(None),
                Pace::Quiet if self.quiet_is_rest() => return Ok(None),
                Pace::Spinning => return Err(Stop::Spinning),
                Pace::Storm(count) => return Err(Stop::Storm(count)),
                Pace::Busy | Pace::Quiet => {}
            }
            if Instant::now() > self.deadline {
                return Err(Stop::Deadline(self.plan.deadline));
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// With somebody kept waiting, a tree that only looks again at times is at
    /// rest. With nobody kept, it may have a plan for later: it gets five times as
    /// long, and until the deadline if it sleeps and does not look again often.
    fn quiet_is_rest(&self) -> bool {
        let held = self.guests.values().any(|guest| !guest.released);
        let long = self.watch.silence() > self.plan.quiet * 5;
        held || long && !self.watch.sleeps(&self.supervised.look())
    }

    /// Takes in events until `count` visitors are held or the tree is at rest, and
    /// returns who is held.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing good can happen any more; also when it has ended.
    pub fn gather(&mut self, count: usize) -> Result<Vec<Visit>, Stop> {
        while self.held().len() < count {
            if self.event_or_rest()?.is_none() {
                break;
            }
        }
        Ok(self.held())
    }

    /// Takes in events until the tree is at rest or has ended.
    ///
    /// # Errors
    ///
    /// [`Stop`] when neither will happen.
    pub fn settle(&mut self) -> Result<(), Stop> {
        while self.end.is_none() && self.event_or_rest()?.is_some() {}
        Ok(())
    }

    /// Lets everybody in as they come, until the main process ends.
    ///
    /// # Errors
    ///
    /// [`Stop`] when it does not end.
    pub fn run_free(&mut self) -> Result<(), Stop> {
        while self.end.is_none() {
            for visit in self.held() {
                self.release(&visit);
            }
            self.event()?;
        }
        Ok(())
    }

    /// Lets everybody in, waits for the end of the main process and ends what it
    /// has left.
    ///
    /// # Errors
    ///
    /// [`Stop`] when it does not end.
    pub fn finish(&mut self) -> Result<Finished, Stop> {
        self.run_free()?;
        let end = self.end.clone().ok_or(Stop::HelperLost)?;
        self.supervised.finish().map_err(|_| Stop::HelperLost)?;
        self.pump(Duration::ZERO).or_else(|stop| match stop {
            Stop::HelperLost => Ok(false), // it has done its work
            other => Err(other),
        })?;
        while self.next_logged().is_some() {}
        Ok(Finished {
            answer: self.answer().cloned(),
            end,
            main: self.main(),
            output: self.printed(),
            files: files::names(&self.scratch.temporary()),
            written: files::contents(&self.scratch.work()),
            log: self.log.clone(),
        })
    }

    /// What the answer has printed so far, standard error last; of each its first
    /// 16 KiB.
    #[must_use]
    pub fn printed(&self) -> String {
        format!("{}{}", self.output.shown(), self.errors.shown())
    }

    /// The same, up to the first panic.
    #[must_use]
    pub fn printed_before_panic(&self) -> String {
        gap::before_panic(&self.printed()).to_owned()
    }

    /// The line of the first `todo!` that one of the processes came to.
    #[must_use]
    pub fn gap(&self) -> Option<usize> {
        gap::gap(&self.errors.whole())
    }

    /// What stops the run, unless a `todo!` does: that explains what comes after it.
    pub(crate) fn stop(&self, otherwise: Stop) -> Stop {
        self.gap().map_or(otherwise, Stop::Unwritten)
    }

    fn next_logged(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.log.push(event.clone());
        Some(event)
    }
}

/// 128 bits that only this grader and this run's processes know.
fn nonce() -> io::Result<String> {
    use std::io::Read;
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn environment(scratch: &Scratch, nonce: &str) -> BTreeMap<String, String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut environment = BTreeMap::from([
        ("TMPDIR".to_owned(), text(&scratch.temporary())),
        ("HOME".to_owned(), text(&scratch.work())),
        (
            VARIABLE.to_owned(),
            format!("{nonce}:{}", text(&scratch.socket())),
        ),
    ]);
    for name in ["PATH", "LANG", "LC_ALL"] {
        if let Ok(value) = std::env::var(name) {
            environment.insert(name.to_owned(), value);
        }
    }
    environment
}

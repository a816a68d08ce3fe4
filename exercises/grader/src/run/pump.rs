//! Takes in whatever arrives: connections, their words, output, reports.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use probe::protocol::{Reply, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use super::connection::Connection;
use super::event::{Event, Place, Stop, Visit, VisitId};
use super::{Guest, Run};
use crate::look::inner_id;
use crate::supervise::Report;

impl Run {
    /// Waits at most `pause` for something to arrive and takes it in. Tells whether
    /// there was anything: somebody who waited for room may go on then.
    pub(super) fn pump(&mut self, pause: Duration) -> Result<bool, Stop> {
        self.wait(pause)?;
        let mut moved = self.accept()?;
        // Who leaves a task and enters the next has said so in this order: first
        // the words on known connections, then the new ones.
        moved |= self.read_guests();
        moved |= self.read_openings();
        moved |= self.output.read()? | self.errors.read()?;
        if self.output.is_over() || self.errors.is_over() {
            return Err(Stop::Flooded);
        }
        while self.end.is_none() {
            match self.supervised.report() {
                Ok(Some(Report::Ended(end))) => {
                    moved = true;
                    // What it printed at last may have come after the look above.
                    self.output.read()?;
                    self.errors.read()?;
                    self.end = Some(end.clone());
                    self.push(Event::Ended(end));
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return Err(Stop::HelperLost),
            }
        }
        Ok(moved)
    }

    fn wait(&self, pause: Duration) -> Result<(), Stop> {
        let timeout = Timespec::try_from(pause).map_err(io::Error::other)?;
        let mut descriptors = vec![PollFd::new(&self.listener, PollFlags::IN)];
        if self.end.is_none() {
            descriptors.push(PollFd::new(&self.supervised, PollFlags::IN));
        }
        if !self.output.closed {
            descriptors.push(PollFd::new(&self.output.stream, PollFlags::IN));
        }
        if !self.errors.closed {
            descriptors.push(PollFd::new(&self.errors.stream, PollFlags::IN));
        }
        let streams = self.connections.values().map(|it| it.stream.as_fd());
        descriptors.extend(
            streams.map(|stream| PollFd::from_borrowed_fd(stream, PollFlags::IN)),
        );
        retry_on_intr(|| poll(&mut descriptors, Some(&timeout)))
            .map_err(io::Error::from)?;
        Ok(())
    }

    fn accept(&mut self) -> Result<bool, Stop> {
        let before = self.next_visit;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let connection = Connection::new(stream)?;
                    self.connections.insert(self.next_visit, connection);
                    self.next_visit += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(self.next_visit > before);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read_guests(&mut self) -> bool {
        let mut moved = false;
        let known: Vec<VisitId> = self.guests.keys().copied().collect();
        for id in known {
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            moved |= connection.fill();
            let left = connection.left();
            if left.is_none() && !connection.closed {
                continue;
            }
            self.connections.remove(&id);
            if let Some(guest) = self.guests.remove(&id) {
                self.push(match left {
                    // Nobody has come to the end of what he was not let in to.
                    Some(left) if guest.released => {
                        Event::Left(guest.visit, left.number)
                    }
                    _ => Event::Lost(guest.visit),
                });
            }
        }
        moved
    }

    fn read_openings(&mut self) -> bool {
        let mut moved = false;
        let mut new: Vec<VisitId> = self.connections.keys().copied().collect();
        new.retain(|id| !self.guests.contains_key(id));
        for id in new {
            let Some(mut connection) = self.connections.remove(&id) else {
                continue;
            };
            moved |= connection.fill();
            let process = connection.process;
            let place = match connection.opening(&self.nonce).map(|it| it.request) {
                Some(Request::Given) => {
                    let value = self.plan.given.clone();
                    connection.reply(&Reply::Given { value });
                    self.push(Event::Asked(process));
                    continue;
                }
                Some(Request::Answer { value }) => {
                    self.answers.push((process, value.clone()));
                    connection.reply(&Reply::Noted);
                    self.push(Event::Answered(process, value));
                    continue;
                }
                Some(Request::Enter { task }) => Place::Task(task),
                Some(Request::Point { name, number }) => {
                    Place::Point { name, number }
                }
                None if connection.closed => continue,
                None => {
                    self.connections.insert(id, connection);
                    continue;
                }
            };
            self.connections.insert(id, connection);
            let visit = Visit {
                id,
                process,
                inner: inner_id(process).unwrap_or(process),
                place,
            };
            let guest = Guest {
                visit: visit.clone(),
                released: false,
            };
            self.guests.insert(id, guest);
            self.push(Event::Entered(visit));
        }
        moved
    }

    fn push(&mut self, event: Event) {
        self.events.push_back(event);
        self.watch.event();
    }
}

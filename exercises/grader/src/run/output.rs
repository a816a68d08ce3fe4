//! What an answer prints, up to a cap.

use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What is kept of what an answer prints.
const KEPT: usize = 16 << 10;
/// What an answer may print before it is ended.
const CAP: usize = 1 << 20;

/// One stream of an answer.
#[derive(Debug)]
pub(super) struct Output<R> {
    pub(super) stream: R,
    pub(super) text: Vec<u8>,
    length: usize,
    pub(super) closed: bool,
}

impl<R: Read + AsFd> Output<R> {
    pub(super) fn new(stream: R) -> io::Result<Self> {
        let flags = fcntl_getfl(&stream)?;
        fcntl_setfl(&stream, flags | OFlags::NONBLOCK)?;
        Ok(Output {
            stream,
            text: Vec::new(),
            length: 0,
            closed: false,
        })
    }

    /// Reads what there is; never waits for the end, which an orphan may hold up.
    /// Tells whether there was anything.
    pub(super) fn read(&mut self) -> io::Result<bool> {
        let before = self.length;
        let mut chunk = [0; 8192];
        while !self.closed && self.length <= CAP {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.closed = true,
                Ok(length) => {
                    self.length += length;
                    let room = KEPT.saturating_sub(self.text.len()).min(length);
                    self.text.extend_from_slice(&chunk[..room]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.length > before)
    }

    /// Whether the answer has printed more than it may.
    pub(super) fn is_over(&self) -> bool {
        self.length > CAP
    }
}

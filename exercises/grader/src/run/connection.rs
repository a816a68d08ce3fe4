//! The grader's end of the probe's connections.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use probe::protocol::{Left, Opening, Reply};
use rustix::net::sockopt::socket_peercred;

/// One connection: one task, one point, or one question.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: UnixStream,
    /// The process at the other end, by the kernel's word.
    pub(super) process: u32,
    buffer: Vec<u8>,
    pub(super) closed: bool,
}

/// A longer line than this is no message of the probe's.
const LONGEST: usize = 64 << 20;

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        // A stopped process does not read; a long reply must not wait for it.
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        let peer = socket_peercred(&stream)?;
        Ok(Connection {
            process: peer.pid.as_raw_nonzero().get().cast_unsigned(),
            stream,
            buffer: Vec::new(),
            closed: false,
        })
    }

    /// Reads what has arrived; tells whether there was anything.
    pub(super) fn fill(&mut self) -> bool {
        let before = (self.buffer.len(), self.closed);
        let mut chunk = [0; 16384];
        while !self.closed {
            match self.stream.read(&mut chunk) {
                Ok(length) if length > 0 && self.buffer.len() < LONGEST => {
                    self.buffer.extend_from_slice(&chunk[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // End of file, a reset, or nonsense: nothing more will come.
                _ => self.closed = true,
            }
        }
        before != (self.buffer.len(), self.closed)
    }

    /// The opening, once it has arrived whole and carries the run's secret.
    pub(super) fn opening(&mut self, nonce: &str) -> Option<Opening> {
        let line = self.line()?;
        let opening = serde_json::from_slice::<Opening>(&line)
            .ok()
            .filter(|opening| opening.nonce == nonce);
        self.closed |= opening.is_none();
        opening
    }

    /// The last word, once it has arrived whole.
    pub(super) fn left(&mut self) -> Option<Left> {
        let line = self.line()?;
        let left = serde_json::from_slice(&line).ok();
        self.closed |= left.is_none();
        left
    }

    /// Answers. A peer that has gone is noticed by its closed connection.
    pub(super) fn reply(&mut self, reply: &Reply) {
        let mut line = serde_json::to_vec(reply).expect("a reply is plain data");
        line.push(b'\n');
        let blocking = self.stream.set_nonblocking(false);
        let sent = blocking.and_then(|()| self.stream.write_all(&line));
        let back = self.stream.set_nonblocking(true);
        self.closed |= sent.is_err() || back.is_err();
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        Some(line)
    }
}

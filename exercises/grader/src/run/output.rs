//! What an answer prints, up to a cap.

use std::borrow::Cow;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What is shown of what an answer prints.
const SHOWN: usize = 16 << 10;
/// What an answer may print before it is ended. All of it is kept: the last words
/// may be those of a `todo!`.
const CAP: usize = 1 << 20;

/// One stream of an answer.
#[derive(Debug)]
pub(super) struct Output<R> {
    pub(super) stream: R,
    text: Vec<u8>,
    pub(super) closed: bool,
}

impl<R: Read + AsFd> Output<R> {
    pub(super) fn new(stream: R) -> io::Result<Self> {
        let flags = fcntl_getfl(&stream)?;
        fcntl_setfl(&stream, flags | OFlags::NONBLOCK)?;
        Ok(Output {
            stream,
            text: Vec::new(),
            closed: false,
        })
    }

    /// Reads what there is; never waits for the end, which an orphan may hold up.
    /// Tells whether there was anything.
    pub(super) fn read(&mut self) -> io::Result<bool> {
        let before = self.text.len();
        let mut chunk = [0; 8192];
        while !self.closed && self.text.len() <= CAP {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.closed = true,
                Ok(length) => self.text.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.text.len() > before)
    }

    /// Whether the answer has printed more than it may.
    pub(super) fn is_over(&self) -> bool {
        self.text.len() > CAP
    }

    /// All that was printed.
    pub(super) fn whole(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// Its beginning, for a report.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text[..self.text.len().min(SHOWN)])
    }
}

#[cfg(test)]
mod tests {
    use super::{Output, SHOWN};
    use std::io::Write;

    #[test]
    fn the_last_words_are_kept_and_the_first_are_shown() {
        let (stream, mut writer) = std::io::pipe().unwrap();
        let mut output = Output::new(stream).unwrap();
        let noise = "x".repeat(SHOWN);
        write!(writer, "{noise}the end").unwrap();
        drop(writer);
        while !output.closed {
            output.read().unwrap();
        }
        assert_eq!(output.shown(), noise);
        assert!(output.whole().ends_with("the end"));
    }
}

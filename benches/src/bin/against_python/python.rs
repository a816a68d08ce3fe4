//! A Python process that does a piece of work whenever it is told to.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// `benches/python/peer.py`, running.
#[derive(Debug)]
pub(crate) struct Python {
    child: Child,
    answers: BufReader<ChildStdout>,
    /// As `3.11.7`.
    pub(crate) version: String,
}

impl Python {
    /// Starts it.
    pub(crate) fn start() -> Python {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peer.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut python = Python {
            child,
            answers,
            version: String::new(),
        };
        python.version = python.line();
        python
    }

    /// Lets it do `work`, and returns how long that took and what came out.
    pub(crate) fn run(&mut self, work: &str, count: u64) -> (Duration, u64) {
        let orders = self.child.stdin.as_mut().expect("it is piped");
        writeln!(orders, "{work} {count}").expect("Python is there");
        let answer = self.line();
        let (time, sum) = answer.split_once(' ').expect("two numbers");
        let time = time.parse().expect("a number");
        let sum = sum.parse().expect("a number");
        (Duration::from_nanos(time), sum)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).expect("Python answers");
        assert!(length > 0, "Python ended; see its message above");
        line.trim_end().to_owned()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // This closes its standard input, so it ends, and takes its pools along;
        // were it killed, its workers would stay.
        let _ = self.child.wait();
    }
}

//! One exchange with the grader.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use crate::protocol::{Left, Opening, Reply, Request, VARIABLE};

/// A connection that has been answered.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
}

/// Asks the grader and blocks until it answers; `None` where nobody grades.
///
/// # Panics
///
/// When the grader is gone: an answer cannot be graded any more then, and a
/// program that goes on as if nothing had happened would only confuse.
pub(crate) fn ask(request: Request) -> Option<(Reply, Connection)> {
    let address = env::var(VARIABLE).ok()?;
    let (nonce, path) = address
        .split_once(':')
        .expect("the grader writes NONCE:PATH into its variable");
    let stream = UnixStream::connect(path)
        .unwrap_or_else(|error| panic!("the grader cannot be reached: {error}"));
    let opening = Opening {
        nonce: nonce.to_owned(),
        request,
    };
    let mut connection = Connection {
        stream: BufReader::new(stream),
    };
    connection.write(&opening);
    let mut line = String::new();
    // Unblocked by the grader: it answers when it wants this process to go on.
    let length = connection.stream.read_line(&mut line).unwrap_or(0);
    assert!(length > 0, "the grader has hung up");
    let reply = serde_json::from_str(&line).expect("grader and probe are one build");
    Some((reply, connection))
}

impl Connection {
    /// Tells the grader that the task or point has come to its end.
    pub(crate) fn leave(mut self, number: Option<i64>) {
        self.write(&Left { number });
    }

    fn write<T: serde::Serialize>(&mut self, message: &T) {
        let mut line = serde_json::to_vec(message)
            .expect("a message has only string keys and finite numbers");
        line.push(b'\n');
        // A grader that is gone is noticed at the next question.
        let _ = self.stream.get_mut().write_all(&line);
    }
}

//! The messages between an answer and the grader: one line of JSON each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The environment variable that holds `NONCE:PATH`: the run's secret and the
/// socket to connect to. Where it is missing, the probe is inert.
pub const VARIABLE: &str = "GRADE_PROBE";

/// The first line on every connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Opening {
    /// The run's secret: what comes without it is not counted.
    pub nonce: String,
    /// What the process wants.
    pub request: Request,
}

/// What a process wants from the grader.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Request {
    /// The input of the whole program.
    Given,
    /// To hand in what it has computed.
    Answer {
        /// The answer, in whatever shape the exercise asks for.
        value: Value,
    },
    /// To work on a task.
    Enter {
        /// The task's number.
        task: u64,
    },
    /// To pass a named place in the program.
    Point {
        /// The name of the place.
        name: String,
        /// What the program says there: a count, an index, a value.
        number: i64,
    },
}

/// The grader's answer to an [`Opening`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Reply {
    /// The input of the whole program.
    Given {
        /// The input, in the shape of the exercise's sample.
        value: Value,
    },
    /// The task may be worked on.
    Go {
        /// What there is to do.
        order: Order,
    },
    /// The answer is noted; the point may be passed.
    Noted,
}

/// What a task consists of. It is known only once the grader lets a process in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Order {
    /// The number to work on.
    pub number: i64,
    /// How many bytes a result of bytes shall have.
    pub size: usize,
    /// The file to work on, where the task is about one.
    pub file: String,
    /// How the task ends.
    pub ending: Ending,
}

/// How a task ends.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub enum Ending {
    /// The function returns.
    #[default]
    Return,
    /// The function panics with this message.
    Panic(String),
    /// The process exits with this code.
    Exit(i32),
    /// The process sends itself this signal.
    Signal(i32),
    /// The function never returns.
    Hang,
}

/// The last line on a connection whose task or point came to its end. A
/// connection that closes without it belonged to a process that died.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Left {
    /// What was seen or computed, where there is a number to tell.
    pub number: Option<i64>,
}

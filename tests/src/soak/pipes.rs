//! Pairs of processes that talk to each other, of which one is killed.

use std::thread;
use std::time::Duration;

use multiproc::{Connection, Error, Process, Value, pipe};
use serde::{Deserialize, Serialize};

use super::{Counts, pass_time};
use crate::{PATIENCE, Random, expect, system};

type Failure = Box<dyn std::error::Error>;

/// What both send; numbered from 0 in each direction.
#[derive(Serialize, Deserialize)]
struct Message {
    number: u64,
    text: String,
    luggage: Option<Luggage>,
}

/// Handles that travel in a message. The message's number is in the value, and
/// the last thing that can be received from the letterbox.
#[derive(Serialize, Deserialize)]
struct Luggage {
    value: Value<u64>,
    letterbox: Connection,
}

/// What the survivor received until the end.
#[derive(Default, Serialize, Deserialize)]
struct Received {
    messages: u64,
    large: u64,
    handles: u64,
}

/// One of the two, as the parent knows it.
struct Talker {
    process: Process<Result<Received, String>>,
    /// How many of its messages were certainly sent.
    sent: Value<u64>,
    begun: Connection,
}

/// A text that only the message with this number has: a short one, one about
/// as long as a packet, or one that is longer than all that a pipe holds.
fn text_of(number: u64) -> String {
    let length = match number % 8 {
        3 => 65_000 + number % 1_000,
        7 => 500_000 + number % 1_000,
        _ => number * 97 % 2_000,
    };
    let letter = char::from(b'a' + (number % 26) as u8);
    letter.to_string().repeat(length as usize)
}

fn message(number: u64) -> Result<Message, Error> {
    let luggage = if number % 5 == 4 {
        let (letterbox, writer) = pipe()?;
        writer.send(&number)?;
        let value = Value::new(number)?;
        Some(Luggage { value, letterbox })
    } else {
        None
    };
    Ok(Message {
        number,
        text: text_of(number),
        luggage,
    })
}

/// Sends until nobody is there to receive.
fn send_all(other: &Connection, sent: &Value<u64>) -> Result<(), String> {
    for number in 0.. {
        let message = message(number).map_err(|error| error.to_string())?;
        match other.send_timeout(&message, PATIENCE) {
            Ok(true) => sent.store(number + 1),
            Ok(false) => return Err("a send that waits for ever".into()),
            Err(Error::Disconnected) => break,
            Err(error) => return Err(format!("a send: {error}")),
        }
    }
    Ok(())
}

/// Receives until nobody is there to send, and looks at each message.
fn receive_all(other: &Connection) -> Result<Received, String> {
    let mut received = Received::default();
    loop {
        let message = match other.recv_timeout::<Message>(PATIENCE) {
            Ok(Some(message)) => message,
            Ok(None) => return Err("no message, and no end".into()),
            Err(Error::Disconnected) => return Ok(received),
            Err(error) => return Err(format!("a receive: {error}")),
        };
        let number = received.messages;
        if message.number != number || message.text != text_of(number) {
            let (number, length) = (message.number, message.text.len());
            return Err(format!(
                "{length} bytes, said to be message {number}, after {} others",
                received.messages
            ));
        }
        if let Some(Luggage { value, letterbox }) = message.luggage {
            let letter = letterbox.recv::<u64>();
            let end = letterbox.recv::<u64>();
            let is_whole = value.load() == number
                && letter.is_ok_and(|letter| letter == number)
                && matches!(end, Err(Error::Disconnected));
            if !is_whole {
                return Err(format!("the handles in message {number} are not its"));
            }
            received.handles += 2;
        } else if number % 5 == 4 {
            return Err(format!("message {number} came without its handles"));
        }
        received.messages += 1;
        received.large += u64::from(number % 8 == 7);
    }
}

/// Sends and receives at the same time, until the other one is gone.
fn talk(
    (other, sent, parent): (Connection, Value<u64>, Connection),
) -> Result<Received, String> {
    let before = system::descriptors();
    parent.send(&()).map_err(|error| error.to_string())?;
    let received = thread::scope(|scope| {
        let sender = scope.spawn(|| send_all(&other, &sent));
        let received = receive_all(&other);
        sender.join().map_err(|_| "the sender panicked")??;
        received
    })?;
    let after = system::descriptors();
    if before != after {
        return Err(format!("descriptors: {before:#?}, then {after:#?}"));
    }
    Ok(received)
}

fn start(end: Connection) -> Result<Talker, Error> {
    let (begun, parent) = pipe()?;
    let sent = Value::new(0)?;
    let process = Process::spawn(talk, (end, sent.clone(), parent))?;
    Ok(Talker {
        process,
        sent,
        begun,
    })
}

/// Kills one of two, `kills` times. The survivor receives each message that was
/// sent, whole, once and in order, and then hears of the end.
///
/// # Errors
///
/// When a message is missing, torn or doubled, when the survivor waits for ever,
/// or keeps a descriptor.
pub fn soak(random: &mut Random, kills: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    for _ in 0..kills {
        let (left, right) = pipe()?;
        let (left, right) = (start(left)?, start(right)?);
        // Now and then, one dies before it has said anything.
        if random.below(8) != 0 {
            expect::<()>(&left.begun)?;
            expect::<()>(&right.begun)?;
        }
        pass_time(random, Duration::from_millis(10));
        let (victim, mut survivor) = match random.below(2) {
            0 => (left, right),
            _ => (right, left),
        };
        victim.process.kill()?;
        if victim.process.join().is_ok() {
            return Err("a killed process has a result".into());
        }
        let Some(received) = survivor.process.join_timeout(2 * PATIENCE)? else {
            let tree = system::tree(survivor.process.id());
            return Err(format!("the survivor waits for ever:\n{tree}").into());
        };
        let received = received?;
        // It may die between sending a message and noting that it did.
        let sent = victim.sent.load();
        if !(sent..=sent + 1).contains(&received.messages) {
            let received = received.messages;
            return Err(format!("{received} received of {sent} sent").into());
        }
        counts.add("kills", 1);
        counts.add("messages received whole", received.messages);
        counts.add("of them larger than the pipe", received.large);
        counts.add("handles that came in them", received.handles);
    }
    Ok(counts)
}

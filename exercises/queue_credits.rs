//! Exercise: a channel of ipc-channel takes what its system has room for. Give it a
//! bound: the consumer hands out credits, and the producer spends one for each item.
//! Never more than `bound` items are under way, and as many must be possible.
//!
//! Read:  the chapter on queues, "Back-pressure"
//! Grade: cargo grade queue_credits

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;

/// The consumer's ends: items come in, credits go out.
type Ends = (IpcReceiver<i64>, IpcSender<()>);

fn start_producer(count: i64) -> Result<(Process<()>, Ends), Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(work, (name, count))?;
    let (_, ends): (_, Ends) = server.accept()?;
    Ok((process, ends))
}

/// The producer makes both channels and hands over the other ends.
fn work((server, count): (String, i64)) {
    let (items, receiver) = ipc::channel().expect("the system has descriptors left");
    let (sender, credits) = ipc::channel().expect("the system has descriptors left");
    let consumer = IpcSender::connect(server).expect("the consumer waits");
    consumer
        .send((receiver, sender))
        .expect("the consumer waits");
    produce(count, items, credits);
}

/// Makes an item.
fn make(number: i64) -> i64 {
    probe::point("made", number); // the grader counts here
    number * number
}

/// Makes the items of 1 to `count`, and sends each when it has a credit for it.
fn produce(count: i64, items: IpcSender<i64>, credits: IpcReceiver<()>) {
    // TODO: wait for a credit, make the item, send it.
    todo!("send {count} items into {items:?} for {credits:?}")
}

/// Receives all items and works on each with `probe::point("taken", item)`.
fn consume(ends: Ends, bound: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    let (items, credits) = ends;
    // TODO: hand out the first credits, and one for each item that is done. That the
    // producer has ended and takes none is no failure.
    todo!("receive from {items:?} with {bound} credits in {credits:?}")
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (count, bound) = probe::given((5, 2));
    let (process, ends) = start_producer(count)?;
    probe::answer(&consume(ends, bound)?);
    Ok(process.join()?)
}

//! Misconception: a producer that pauses leaves the consumer time enough.
//! Loses: bound
//! Told: under way

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;

/// The consumer's ends: items come in, credits go out.
type Ends = (IpcReceiver<i64>, IpcSender<()>);

/// Starts the producer in a process of its own.
fn start_producer(count: i64) -> Result<(Process<()>, Ends), Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(work, (name, count))?;
    let (_, ends): (_, Ends) = server.accept()?;
    Ok((process, ends))
}

/// The producer makes both channels and hands over the ends that are not its own.
fn work((server, count): (String, i64)) {
    let (items, receiver) = ipc::channel().expect("the system has descriptors left");
    let (sender, credits) = ipc::channel().expect("the system has descriptors left");
    let consumer = IpcSender::connect(server).expect("the consumer waits");
    consumer
        .send((receiver, sender))
        .expect("the consumer waits");
    produce(count, items, credits);
}

/// Makes an item. The grader counts here.
fn make(number: i64) -> i64 {
    probe::point("made", number);
    number * number
}

/// Makes the items of 1 to `count`, and sends each when it has a credit for it.
fn produce(count: i64, items: IpcSender<i64>, credits: IpcReceiver<()>) {
    for number in 1..=count {
        std::thread::sleep(std::time::Duration::from_millis(1));
        if items.send(make(number)).is_err() {
            return; // the consumer is gone
        }
    }
}

/// Receives all items and gives a credit back for each that is done.
fn consume(ends: Ends, bound: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    let (items, credits) = ends;
    for _ in 0..bound {
        let _ = credits.send(()); // a short producer may be done
    }
    let mut results = Vec::new();
    while let Ok(item) = items.recv() {
        probe::point("taken", item);
        results.push(item);
        let _ = credits.send(()); // the producer may need it, or be done
    }
    Ok(results)
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (count, bound) = probe::given((5, 2));
    let (process, ends) = start_producer(count)?;
    probe::answer(&consume(ends, bound)?);
    Ok(process.join()?)
}

//! Numbers through a queue.

use benches::{ProcessCrew, ThreadCrew, obey};
use crossbeam::channel;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcSender};
use multiproc::{Connection, Queue};

use crate::contest::{Row, Way};
use crate::{Shared, python_way};

const CAPACITY: usize = 1024;

fn sum(count: u64) -> u64 {
    count * (count - 1) / 2
}

/// Item by item.
pub(crate) fn one_by_one(python: &Shared) -> Row {
    const COUNT: u64 = 320_000;
    const FEWER: u64 = COUNT / 16;
    let (ours, threads, channel) = (crew(1), thread_crew(), channel_crew());
    Row {
        title: "numbers through a queue, one producer and one consumer".into(),
        unit: "item",
        count: COUNT,
        ours: Way::measured("processes", move || ours.run(COUNT)),
        others: vec![
            python_way("python", python, "queue", FEWER, sum(FEWER))
                .scaled(16.0)
                .must(30.0, 60.0),
            python_way("python-simple", python, "simple_queue", FEWER, sum(FEWER))
                .scaled(16.0),
            Way::measured("threads", move || threads.run(COUNT)).must(0.15, 0.4),
            Way::measured("ipc-channel", move || channel.run(FEWER)).scaled(16.0),
        ],
    }
}

/// Many at a time; the others cannot, and do as before.
pub(crate) fn in_batches(python: &Shared) -> Row {
    const COUNT: u64 = 640_000;
    const FEWER: u64 = COUNT / 32;
    let (ours, threads) = (crew(32), thread_crew());
    Row {
        title: "the same, 32 numbers at a time (the others one by one)".into(),
        unit: "item",
        count: COUNT,
        ours: Way::measured("processes", move || ours.run(COUNT)),
        others: vec![
            python_way("python", python, "queue", FEWER, sum(FEWER))
                .scaled(32.0)
                .must(100.0, 200.0),
            Way::measured("threads", move || threads.run(COUNT)).must(0.5, 1.0),
        ],
    }
}

fn crew(batch: usize) -> ProcessCrew {
    let queue = Queue::<u64>::new(CAPACITY).expect("a queue");
    let mut crew = ProcessCrew::default();
    crew.hire(put, (queue.clone(), batch));
    crew.hire(get, (queue, batch));
    crew
}

fn put((connection, (queue, batch)): (Connection, (Queue<u64>, usize))) {
    obey(&connection, |count| {
        if batch == 1 {
            (0..count).for_each(|item| queue.put(&item).expect("a consumer"));
            return;
        }
        let mut numbers = Vec::with_capacity(batch);
        for item in 0..count {
            numbers.push(item);
            if numbers.len() == batch || item + 1 == count {
                queue.put_many(&numbers).expect("a consumer");
                numbers.clear();
            }
        }
    });
}

fn get((connection, (queue, batch)): (Connection, (Queue<u64>, usize))) {
    obey(&connection, |count| {
        let (mut total, mut got) = (0, 0);
        while got < count {
            if batch == 1 {
                total += queue.get().expect("a producer");
                got += 1;
            } else {
                let numbers = queue.get_many(batch).expect("a producer");
                total += numbers.iter().sum::<u64>();
                got += numbers.len() as u64;
            }
        }
        assert_eq!(total, sum(count));
    });
}

fn thread_crew() -> ThreadCrew {
    let mut crew = ThreadCrew::default();
    let (sender, receiver) = channel::bounded::<u64>(CAPACITY);
    crew.hire(move |count| {
        (0..count).for_each(|item| sender.send(item).expect("a consumer"));
    });
    crew.hire(move |count| {
        let total: u64 = receiver.iter().take(count as usize).sum();
        assert_eq!(total, sum(count));
    });
    crew
}

/// One process sends, by ipc-channel; this one receives.
fn channel_crew() -> ProcessCrew {
    let (server, name) = IpcOneShotServer::<IpcSender<u64>>::new().expect("one");
    let mut crew = ProcessCrew::default();
    crew.hire(receive, name);
    let (_, sender) = server.accept().expect("an introduction");
    let (server, name) = IpcOneShotServer::new().expect("one");
    crew.hire(send, name);
    let (_, introduction): (_, IpcSender<IpcSender<u64>>) =
        server.accept().expect("an introduction");
    introduction.send(sender).expect("a producer");
    crew
}

fn receive((connection, name): (Connection, String)) {
    let (sender, receiver) = ipc::channel::<u64>().expect("a channel");
    let parent = IpcSender::connect(name).expect("the parent");
    parent.send(sender).expect("the parent");
    obey(&connection, |count| {
        let one = |_| receiver.recv().expect("a producer");
        assert_eq!((0..count).map(one).sum::<u64>(), sum(count));
    });
}

fn send((connection, name): (Connection, String)) {
    let (told, answer) = ipc::channel::<IpcSender<u64>>().expect("a channel");
    let parent = IpcSender::connect(name).expect("the parent");
    parent.send(told).expect("the parent");
    let sender = answer.recv().expect("a consumer");
    obey(&connection, |count| {
        (0..count).for_each(|item| sender.send(item).expect("a consumer"));
    });
}

//! The chapter on queues, measured: how many items a second go through, by
//! their size and by how many put and get them?

use benches::{Bytes, ProcessCrew, ThreadCrew, group, obey, scaled};
use criterion::{BenchmarkId, Criterion, Throughput};
use crossbeam::channel;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::{Connection, Queue};

/// How many items a queue holds.
const CAPACITY: usize = 1024;
/// How many bytes a queue holds.
const BYTES: usize = 8 << 20;

fn main() {
    multiproc::init();
    let mut criterion = benches::criterion();
    one_to_one(&mut criterion);
    several(&mut criterion, "queue_2_1", 2, 1);
    several(&mut criterion, "queue_2_2", 2, 2);
    in_batches(&mut criterion);
    criterion.final_summary();
}

/// Sizes, and how many items of each go through in one iteration.
const SIZES: [(&str, usize, usize); 4] = [
    ("8B", 8, 40_000),
    ("1KiB", 1 << 10, 10_000),
    ("64KiB", 1 << 16, 400),
    ("1MiB", 1 << 20, 40),
];

fn one_to_one(criterion: &mut Criterion) {
    let mut group = group(criterion, "queue_1_1");
    for (name, size, count) in SIZES {
        let count = scaled(count) as u64;
        group.throughput(Throughput::Elements(count));
        let mut measure =
            |series: &str, run: &dyn Fn(u64) -> std::time::Duration| {
                group.bench_function(BenchmarkId::new(series, name), |bencher| {
                    bencher
                        .iter_custom(|times| (0..times).map(|_| run(count)).sum());
                });
            };
        let threads = thread_crew(1, 1, size);
        measure("threads", &|count| threads.run(count));
        let processes = process_crew(1, 1, size);
        measure("processes", &|count| processes.run(count));
        let channel = channel_crew(size);
        measure("ipc-channel", &|count| channel.run(count));
    }
    group.finish();
}

fn several(criterion: &mut Criterion, name: &str, producers: u64, consumers: u64) {
    let mut group = group(criterion, name);
    for (name, size, count) in SIZES {
        // Each producer puts as many as each consumer gets, or half of it.
        let count = scaled(count) as u64 * producers;
        group.throughput(Throughput::Elements(count));
        let threads = thread_crew(producers, consumers, size);
        group.bench_function(BenchmarkId::new("threads", name), |bencher| {
            bencher
                .iter_custom(|times| (0..times).map(|_| threads.run(count)).sum());
        });
        let processes = process_crew(producers, consumers, size);
        group.bench_function(BenchmarkId::new("processes", name), |bencher| {
            bencher
                .iter_custom(|times| (0..times).map(|_| processes.run(count)).sum());
        });
    }
    group.finish();
}

/// Numbers, one by one and 32 at a time.
fn in_batches(criterion: &mut Criterion) {
    let count = scaled(64_000) as u64 / 32 * 32;
    let mut group = group(criterion, "queue_many");
    group.throughput(Throughput::Elements(count));
    let mut threads = ThreadCrew::default();
    let (sender, receiver) = channel::bounded::<u64>(CAPACITY);
    threads.hire(move |count| {
        (0..count).for_each(|item| sender.send(item).expect("a consumer"));
    });
    threads.hire(move |count| {
        let sum: u64 = receiver.iter().take(count as usize).sum();
        assert_eq!(sum, count * (count - 1) / 2);
    });
    group.bench_function(BenchmarkId::new("threads", "1"), |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| threads.run(count)).sum());
    });
    for (name, batch) in [("1", 1), ("32", 32)] {
        let queue = Queue::<u64>::new(CAPACITY).expect("a queue");
        let mut processes = ProcessCrew::default();
        processes.hire(put_numbers, (queue.clone(), batch));
        processes.hire(get_numbers, (queue, batch));
        group.bench_function(BenchmarkId::new("processes", name), |bencher| {
            bencher
                .iter_custom(|times| (0..times).map(|_| processes.run(count)).sum());
        });
    }
    group.finish();
}

fn put_numbers((connection, (queue, batch)): (Connection, (Queue<u64>, usize))) {
    obey(&connection, |count| {
        if batch == 1 {
            (0..count).for_each(|item| queue.put(&item).expect("a consumer"));
        } else {
            let numbers: Vec<u64> = (0..count).collect();
            for batch in numbers.chunks(batch) {
                queue.put_many(batch).expect("a consumer");
            }
        }
    });
}

fn get_numbers((connection, (queue, batch)): (Connection, (Queue<u64>, usize))) {
    obey(&connection, |count| {
        let (mut sum, mut got) = (0, 0);
        while got < count {
            if batch == 1 {
                sum += queue.get().expect("a producer");
                got += 1;
            } else {
                let numbers = queue.get_many(batch).expect("a producer");
                sum += numbers.iter().sum::<u64>();
                got += numbers.len() as u64;
            }
        }
        assert_eq!(sum, count * (count - 1) / 2);
    });
}

/// Threads around one of crossbeam's channels. Each order is for all items, of
/// which each member takes its share.
fn thread_crew(producers: u64, consumers: u64, size: usize) -> ThreadCrew {
    let mut crew = ThreadCrew::default();
    let (sender, receiver) = channel::bounded::<Bytes>(CAPACITY.min(BYTES / size));
    for _ in 0..producers {
        let sender = sender.clone();
        let message = Bytes::of_size(size);
        crew.hire(move |count| {
            for _ in 0..count / producers {
                sender.send(message.clone()).expect("a consumer");
            }
        });
    }
    for _ in 0..consumers {
        let receiver = receiver.clone();
        crew.hire(move |count| {
            for _ in 0..count / consumers {
                let message = receiver.recv().expect("a producer");
                assert_eq!(message.0.len(), size);
            }
        });
    }
    crew
}

/// Processes around a queue.
fn process_crew(producers: u64, consumers: u64, size: usize) -> ProcessCrew {
    let mut crew = ProcessCrew::default();
    let queue = Queue::<Bytes>::with_bytes(CAPACITY, BYTES).expect("a queue");
    for _ in 0..producers {
        crew.hire(produce, (queue.clone(), producers, size));
    }
    for _ in 0..consumers {
        crew.hire(consume, (queue.clone(), consumers, size));
    }
    crew
}

type Share = (Queue<Bytes>, u64, usize);

fn produce((connection, (queue, producers, size)): (Connection, Share)) {
    let message = Bytes::of_size(size);
    obey(&connection, |count| {
        for _ in 0..count / producers {
            queue.put(&message).expect("a consumer");
        }
    });
}

fn consume((connection, (queue, consumers, size)): (Connection, Share)) {
    obey(&connection, |count| {
        for _ in 0..count / consumers {
            assert_eq!(queue.get().expect("a producer").0.len(), size);
        }
    });
}

/// Two processes at the ends of one of ipc-channel's channels.
fn channel_crew(size: usize) -> ProcessCrew {
    let mut crew = ProcessCrew::default();
    let (server, name) =
        IpcOneShotServer::<IpcSender<Bytes>>::new().expect("a server");
    crew.hire(receive_all, (name, size));
    let (_, sender) = server.accept().expect("an introduction");
    let (server, name) = IpcOneShotServer::new().expect("a server");
    crew.hire(send_all, (name, size));
    let (_, introduction): (_, IpcSender<IpcSender<Bytes>>) =
        server.accept().expect("an introduction");
    introduction.send(sender).expect("a producer");
    crew
}

fn receive_all((connection, (name, size)): (Connection, (String, usize))) {
    let parent = IpcSender::connect(name).expect("the parent");
    let (sender, receiver): (_, IpcReceiver<Bytes>) = ipc::channel().expect("one");
    parent.send(sender).expect("the parent");
    obey(&connection, |count| {
        for _ in 0..count {
            assert_eq!(receiver.recv().expect("a producer").0.len(), size);
        }
    });
}

fn send_all((connection, (name, size)): (Connection, (String, usize))) {
    let parent = IpcSender::connect(name).expect("the parent");
    let (told, answer) = ipc::channel::<IpcSender<Bytes>>().expect("a channel");
    parent.send(told).expect("the parent");
    let sender = answer.recv().expect("a consumer");
    let message = Bytes::of_size(size);
    obey(&connection, |count| {
        for _ in 0..count {
            sender.send(message.clone()).expect("a consumer");
        }
    });
}

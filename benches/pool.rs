//! The chapter on pools, measured: from which task size on does the price of a
//! process vanish, what does one task cost, and what does it cost among many?

use std::hint::black_box;
use std::time::Duration;

use benches::{Grain, grains, group, mix, mix_all, scaled};
use criterion::{BenchmarkId, Criterion, Throughput};
use crossbeam::channel;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::{Pool, Process};
use rayon::prelude::*;

/// How many threads or processes do the work.
const WORKERS: usize = 2;
/// How many tasks a channel's worker has on their way to it. More than some
/// three hundred messages would block the sender: that is all a socket holds.
const AHEAD: usize = 64;

fn main() {
    multiproc::init();
    procspawn::init();
    let mut criterion = benches::criterion();
    grain(&mut criterion);
    one_task(&mut criterion);
    many_tasks(&mut criterion);
    criterion.final_summary();
}

/// The same map with tasks of six sizes.
fn grain(criterion: &mut Criterion) {
    let sizes = [
        ("100ns", Duration::from_nanos(100), 200_000),
        ("1us", Duration::from_micros(1), 40_000),
        ("10us", Duration::from_micros(10), 8_000),
        ("100us", Duration::from_micros(100), 800),
        ("1ms", Duration::from_millis(1), 100),
        ("10ms", Duration::from_millis(10), 10),
    ];
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .build()
        .expect("threads");
    let pool = Pool::new(WORKERS).expect("a pool");
    let senders = ChannelThreads::start();
    let children = ChannelProcesses::start();
    let mut group = group(criterion, "pool_grain");
    for (name, duration, count) in sizes {
        let tasks = grains(scaled(count), duration);
        let expected = mix_all(&tasks);
        group.throughput(Throughput::Elements(tasks.len() as u64));
        let mut compare = |series: &str, map: &dyn Fn(&[Grain]) -> Vec<u64>| {
            assert_eq!(map(&tasks), expected, "{series} does the work");
            group.bench_function(BenchmarkId::new(series, name), |bencher| {
                bencher.iter(|| map(black_box(&tasks)));
            });
        };
        compare("threads", &|tasks| {
            threads.install(|| tasks.par_iter().map(|task| mix(*task)).collect())
        });
        compare("processes", &|tasks| {
            pool.map(mix, tasks.iter().copied()).expect("a map")
        });
        compare("crossbeam", &|tasks| senders.map(tasks));
        compare("ipc-channel", &|tasks| children.map(tasks));
    }
    group.finish();
}

/// One task that does nothing, there and back.
fn one_task(criterion: &mut Criterion) {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .build()
        .expect("threads");
    let pool = Pool::new(WORKERS).expect("a pool");
    let procspawn = procspawn::Pool::new(WORKERS).expect("procspawn's pool");
    let mut group = group(criterion, "pool_apply");
    group.bench_function("threads", |bencher| {
        bencher.iter(|| threads.install(|| mix(black_box((7, 1)))));
    });
    group.bench_function("processes", |bencher| {
        bencher.iter(|| pool.apply(mix, black_box((7, 1))).expect("a result"));
    });
    group.bench_function("procspawn", |bencher| {
        bencher.iter(|| {
            let task = procspawn.spawn(black_box((7, 1)), mix);
            task.join().expect("a result")
        });
    });
    group.finish();
}

/// Tasks that do next to nothing, more and more of them in one map.
fn many_tasks(criterion: &mut Criterion) {
    let counts = [
        ("1k", 1_000),
        ("10k", 10_000),
        ("100k", 100_000),
        ("1M", 1_000_000),
        ("10M", 10_000_000),
    ];
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .build()
        .expect("threads");
    let pool = Pool::new(WORKERS).expect("a pool");
    let mut group = group(criterion, "pool_count");
    for (name, count) in counts {
        let count = scaled(count) as u64;
        group.throughput(Throughput::Elements(count));
        let mut compare = |series: &str, map: &dyn Fn() -> Vec<u64>| {
            assert!(map().into_iter().eq(1..=count), "{series} does the work");
            group.bench_function(BenchmarkId::new(series, name), |bencher| {
                bencher.iter(map);
            });
        };
        compare("threads", &|| {
            let tasks = (0..black_box(count)).into_par_iter();
            threads.install(|| tasks.map(add_one).collect())
        });
        compare("processes", &|| {
            pool.map(add_one, 0..black_box(count)).expect("a map")
        });
    }
    group.finish();
}

/// Hidden from the compiler, which would add to several numbers at a time.
fn add_one(number: u64) -> u64 {
    black_box(number) + 1
}

type Numbered<T> = (usize, T);

/// Threads that take tasks from one bounded channel, one by one: what a map
/// looks like that is made of crossbeam's channels.
struct ChannelThreads {
    tasks: channel::Sender<Numbered<Grain>>,
    results: channel::Receiver<Numbered<u64>>,
}

impl ChannelThreads {
    fn start() -> ChannelThreads {
        let (tasks, inbox) = channel::bounded::<Numbered<Grain>>(WORKERS * AHEAD);
        let (outbox, results) = channel::bounded(WORKERS * AHEAD);
        for _ in 0..WORKERS {
            let (inbox, outbox) = (inbox.clone(), outbox.clone());
            // The thread ends when the last sender of tasks is dropped.
            std::thread::spawn(move || {
                for (index, task) in inbox {
                    if outbox.send((index, mix(task))).is_err() {
                        break;
                    }
                }
            });
        }
        ChannelThreads { tasks, results }
    }

    fn map(&self, tasks: &[Grain]) -> Vec<u64> {
        let mut results = vec![0; tasks.len()];
        let mut sent = 0;
        for received in 0..tasks.len() {
            while sent < tasks.len() && sent - received < WORKERS * AHEAD {
                self.tasks.send((sent, tasks[sent])).expect("a worker");
                sent += 1;
            }
            let (index, result) = self.results.recv().expect("a result");
            results[index] = result;
        }
        results
    }
}

/// Processes that take tasks from a channel each, and send all their results
/// into one: what a map looks like that is made of ipc-channel alone.
struct ChannelProcesses {
    tasks: Vec<IpcSender<Numbered<Grain>>>,
    results: IpcReceiver<(usize, Numbered<u64>)>,
    _processes: Vec<Process<()>>,
}

/// The first message of a worker: where it takes tasks, and who gets to know
/// where results go.
type Introduction = (
    IpcSender<Numbered<Grain>>,
    IpcSender<IpcSender<(usize, Numbered<u64>)>>,
);

fn serve((worker, name): (usize, String)) {
    let parent = IpcSender::connect(name).expect("the parent");
    let (tasks, inbox) = ipc::channel::<Numbered<Grain>>().expect("a channel");
    let (ask, told) = ipc::channel().expect("a channel");
    let introduction: Introduction = (tasks, ask);
    parent.send(introduction).expect("an introduction");
    let results: IpcSender<(usize, Numbered<u64>)> = told.recv().expect("an answer");
    while let Ok((index, task)) = inbox.recv() {
        if results.send((worker, (index, mix(task)))).is_err() {
            break;
        }
    }
}

impl ChannelProcesses {
    fn start() -> ChannelProcesses {
        let (outbox, results) = ipc::channel().expect("a channel");
        let mut tasks = Vec::new();
        let mut processes = Vec::new();
        for worker in 0..WORKERS {
            let (server, name) =
                IpcOneShotServer::<Introduction>::new().expect("a server");
            processes.push(Process::spawn(serve, (worker, name)).expect("a worker"));
            let (_, (inbox, ask)) = server.accept().expect("an introduction");
            ask.send(outbox.clone()).expect("a worker");
            tasks.push(inbox);
        }
        ChannelProcesses {
            tasks,
            results,
            _processes: processes,
        }
    }

    /// Each worker has up to [`AHEAD`] tasks on their way, and is sent another
    /// for each result that comes back.
    fn map(&self, tasks: &[Grain]) -> Vec<u64> {
        let mut results = vec![0; tasks.len()];
        let mut rest = tasks.iter().copied().enumerate();
        for _ in 0..AHEAD {
            for (worker, task) in self.tasks.iter().zip(&mut rest) {
                worker.send(task).expect("a worker");
            }
        }
        for _ in 0..tasks.len() {
            let (worker, (index, result)) = self.results.recv().expect("a result");
            results[index] = result;
            if let Some(task) = rest.next() {
                self.tasks[worker].send(task).expect("a worker");
            }
        }
        results
    }
}

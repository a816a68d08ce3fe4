//! The chapter on pipes, measured: how long does a message take there and back?

use std::io::{Read, Write};

use benches::{Echo, group};
use criterion::{BenchmarkId, Criterion, Throughput};
use crossbeam::channel;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::{Connection, Error, Process};

const SIZES: [(&str, usize); 4] = [
    ("8B", 8),
    ("1KiB", 1 << 10),
    ("64KiB", 1 << 16),
    ("1MiB", 1 << 20),
];

fn main() {
    benches::echo_if_bare();
    multiproc::init();
    let mut criterion = benches::criterion();
    round_trip(&mut criterion);
    criterion.final_summary();
}

/// A message to somebody who sends it back, by its size.
fn round_trip(criterion: &mut Criterion) {
    let mut group = group(criterion, "pipe_round_trip");
    for (name, size) in SIZES {
        let message: Vec<u8> = (0..size).map(|place| place as u8).collect();
        group.throughput(Throughput::Bytes(2 * size as u64));
        let mut measure = |series: &str, there_and_back: &mut dyn FnMut()| {
            group.bench_function(BenchmarkId::new(series, name), |bencher| {
                bencher.iter(&mut *there_and_back);
            });
        };

        // Threads hand over a pointer: no byte of the message moves.
        let thread = Rendezvous::start();
        let mut parcel = message.clone();
        measure("threads", &mut || {
            thread
                .there
                .send(std::mem::take(&mut parcel))
                .expect("a thread");
            parcel = thread.back.recv().expect("a thread");
            assert_eq!(parcel.len(), size);
        });

        let (ours, theirs) = multiproc::pipe().expect("a pipe");
        let child = Process::spawn(send_back, theirs).expect("a process");
        measure("processes", &mut || {
            ours.send_bytes(&message).expect("a child");
            assert_eq!(ours.recv_bytes().expect("a child").len(), size);
        });
        ours.send_bytes(&message).expect("a child");
        assert_eq!(ours.recv_bytes().expect("a child"), message);
        drop(ours);
        child
            .join()
            .expect("it ends with its pipe")
            .expect("no failure");

        let mut echo = Echo::start(size);
        let mut buffer = vec![0; size];
        measure("socketpair", &mut || {
            echo.socket.write_all(&message).expect("a child");
            echo.socket.read_exact(&mut buffer).expect("a child");
        });
        assert_eq!(buffer, message);
        echo.end();

        let channels = Channels::start();
        measure("ipc-channel", &mut || {
            channels.there.send(message.clone()).expect("a child");
            assert_eq!(channels.back.recv().expect("a child").len(), size);
        });
    }
    group.finish();
}

/// A child that sends back what it gets, until the pipe ends.
fn send_back(connection: Connection) -> Result<(), Error> {
    loop {
        match connection.recv_bytes() {
            Ok(message) => connection.send_bytes(&message)?,
            Err(Error::Disconnected) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// A thread that sends back what it gets, through channels that hold nothing.
struct Rendezvous {
    there: channel::Sender<Vec<u8>>,
    back: channel::Receiver<Vec<u8>>,
}

impl Rendezvous {
    fn start() -> Rendezvous {
        let (there, inbox) = channel::bounded::<Vec<u8>>(0);
        let (outbox, back) = channel::bounded(0);
        std::thread::spawn(move || {
            for message in inbox {
                if outbox.send(message).is_err() {
                    break;
                }
            }
        });
        Rendezvous { there, back }
    }
}

type Introduction = (IpcSender<Vec<u8>>, IpcReceiver<Vec<u8>>);

/// A child that sends back what it gets, by ipc-channel alone.
struct Channels {
    there: IpcSender<Vec<u8>>,
    back: IpcReceiver<Vec<u8>>,
    _child: Process<()>,
}

impl Channels {
    fn start() -> Channels {
        let (server, name) =
            IpcOneShotServer::<Introduction>::new().expect("a server");
        let child = Process::spawn(send_back_channels, name).expect("a process");
        let (_, (there, back)) = server.accept().expect("an introduction");
        Channels {
            there,
            back,
            _child: child,
        }
    }
}

fn send_back_channels(name: String) {
    let parent = IpcSender::connect(name).expect("the parent");
    let (there, inbox) = ipc::channel::<Vec<u8>>().expect("a channel");
    let (outbox, back) = ipc::channel().expect("a channel");
    let introduction: Introduction = (there, back);
    parent.send(introduction).expect("an introduction");
    while let Ok(message) = inbox.recv() {
        if outbox.send(message).is_err() {
            break;
        }
    }
}

//! Misconception: a thread is as good as a process.
//! Loses: team killed
//! Told: in the main process itself, not in a producer

use std::error::Error;
use std::thread::JoinHandle;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// What a producer is told: its tasks, and where its bytes go.
type Order = (Vec<Task>, IpcSender<u8>);

/// Starts a producer that works on `tasks` and sends all bytes into `bytes`.
fn start_producer(
    tasks: Vec<Task>,
    bytes: IpcSender<u8>,
) -> Result<Process<()>, Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(produce, name)?;
    let (_, producer): (_, IpcSender<Order>) = server.accept()?;
    producer.send((tasks, bytes))?;
    Ok(process)
}

/// What a producer does: sends the bytes of each task, one by one.
fn produce(server: String) {
    let (sender, orders) = ipc::channel().expect("the system has descriptors left");
    let parent = IpcSender::connect(server).expect("the parent waits");
    parent.send(sender).expect("the parent waits");
    let (tasks, bytes): Order = orders.recv().expect("the parent answers");
    for task in tasks {
        for byte in probe::work::bytes(task) {
            bytes.send(byte).expect("the parent listens");
        }
    }
}

/// A producer without a process.
fn start_thread(tasks: Vec<Task>, bytes: IpcSender<u8>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for byte in tasks.into_iter().flat_map(probe::work::bytes) {
            let _ = bytes.send(byte);
        }
    })
}

/// All bytes of all producers, in the order of their arrival.
fn merge(lists: Vec<Vec<Task>>) -> Result<Vec<u8>, Box<dyn Error>> {
    let (sender, receiver) = ipc::channel()?;
    let producers = lists
        .into_iter()
        .map(|tasks| Ok::<_, Box<dyn Error>>(start_thread(tasks, sender.clone())))
        .collect::<Result<Vec<_>, _>>()?;
    drop(sender); // from here on only producers can send
    let mut bytes = Vec::new();
    while let Ok(byte) = receiver.recv() {
        bytes.push(byte);
    }
    for producer in producers {
        let _ = producer.join(); // a killed one has sent what it could
    }
    Ok(bytes)
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let task = |(id, size)| Task::new(id, 7).sized(size);
    let sample = vec![vec![task((1, 3)), task((2, 1))], vec![task((3, 2))]];
    probe::answer(&merge(probe::given(sample))?);
    Ok(())
}

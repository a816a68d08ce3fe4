//! Misconception: the library has a pool.
//! Loses: own_work right team balance once clean
//! Told: Pool

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// What goes to a worker: a task, and its place in the input.
type Question = (usize, Task);
/// What comes back: the worker's number, the place, and the square.
type Reply = (usize, usize, i64);

/// A worker, as its parent holds it.
struct Worker {
    questions: IpcSender<Question>,
    process: Process<()>,
}

/// Starts the worker of this number; all workers reply into one channel.
fn start_worker(
    number: usize,
    replies: IpcSender<Reply>,
) -> Result<Worker, Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(begin, (name, number))?;
    let (_, hello): (_, IpcSender<(IpcReceiver<Question>, IpcSender<Reply>)>) =
        server.accept()?;
    let (questions, receiver) = ipc::channel()?;
    hello.send((receiver, replies))?;
    Ok(Worker { questions, process })
}

/// Gets the worker its channels, and lets it work.
fn begin((server, number): (String, usize)) {
    let (hello, channels) = ipc::channel().expect("the system has descriptors left");
    let parent = IpcSender::connect(server).expect("the parent waits");
    parent.send(hello).expect("the parent waits");
    let (questions, replies) = channels.recv().expect("the parent answers");
    work(number, questions, replies);
}

/// The squares of all tasks, in the order of the tasks.
fn squares(tasks: Vec<Task>, workers: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    Ok(multiproc::Pool::new(workers)?.map(probe::work::square, tasks)?)
}

/// Nothing: the pool does it.
fn work(_: usize, _: IpcReceiver<Question>, _: IpcSender<Reply>) {}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&squares(tasks, workers)?);
    Ok(())
}

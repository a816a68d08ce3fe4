//! Exercise: square all tasks in `workers` processes at the same time. They answer
//! whenever they are ready; hand in the results in the order of the tasks.
//!
//! Read:  the chapter on pools, "In the order of the input"
//! Grade: cargo grade pool_order

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// What goes to a worker: a task, and its place in the input.
type Question = (usize, Task);
/// What comes back: the same place, and the square.
type Reply = (usize, i64);

/// A worker, as its parent holds it. It ends when `questions` is dropped.
struct Worker {
    questions: IpcSender<Question>,
    process: Process<()>,
}

/// Starts a worker. All reply into one channel: each gets a clone of its sender.
fn start_worker(replies: IpcSender<Reply>) -> Result<Worker, Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(work, name)?;
    let (_, hello): (_, IpcSender<_>) = server.accept()?;
    let (questions, receiver) = ipc::channel()?;
    hello.send((receiver, replies))?;
    Ok(Worker { questions, process })
}

/// What a worker does: squares tasks until its parent hangs up.
fn work(server: String) {
    let (sender, receiver) = ipc::channel().expect("descriptors are left");
    let hello = IpcSender::connect(server).expect("the parent waits");
    hello.send(sender).expect("the parent waits");
    let (questions, replies): (IpcReceiver<Question>, IpcSender<Reply>) =
        receiver.recv().expect("the parent answers");
    while let Ok((index, task)) = questions.recv() {
        let square = probe::work::square(task);
        replies.send((index, square)).expect("the parent listens");
    }
}

/// The squares of all tasks, in the order of the tasks, made by `workers` processes.
fn squares(tasks: Vec<Task>, workers: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    // TODO: make one channel for the replies and start the workers.
    // TODO: hand out the tasks, each with its place in the input.
    // TODO: put each reply in its place; let the workers end, and wait for each.
    todo!("square {} tasks in {workers} processes", tasks.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&squares(tasks, workers)?);
    Ok(())
}

//! Solution: each result carries the place of its task, so it does not matter when
//! it comes. Room for all results is there from the start, and each goes to its
//! place.
//!
//! Waiting for the workers one after another would keep the order, too, but a slow
//! first worker would hold up the results of all others; sorting at the end would
//! need the places all the same.

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
    let count = tasks.len();
    let (sender, replies) = ipc::channel()?;
    let team = (0..workers.min(tasks.len()))
        .map(|_| start_worker(sender.clone()))
        .collect::<Result<Vec<Worker>, _>>()?;
    for (index, task) in tasks.into_iter().enumerate() {
        team[index % team.len()].questions.send((index, task))?;
    }
    let mut results = vec![0; count];
    for _ in 0..count {
        let (index, square) = replies.recv()?;
        results[index] = square;
    }
    // A worker ends when its parent hangs up: this must come before the join.
    for worker in team {
        drop(worker.questions);
        worker.process.join()?;
    }
    Ok(results)
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&squares(tasks, workers)?);
    Ok(())
}

//! Exercise: build a pool from channels. Give each worker one task, and the next task
//! to whoever is done: a worker with a long task then holds up nobody else.
//!
//! Read:  the chapter on pipes, "A pool from parts"
//! Grade: cargo grade pool_from_parts

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// What goes to a worker: a task, and its place in the input.
type Question = (usize, Task);
/// What comes back: the worker's number, the place, and the square.
type Reply = (usize, usize, i64);
/// A worker, as its parent holds it.
type Worker = (IpcSender<Question>, Process<()>);

/// Starts the worker of this number; all workers reply into one channel.
fn start_worker(
    number: usize,
    replies: IpcSender<Reply>,
) -> Result<Worker, Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(begin, (name, number))?;
    let (_, hello): (_, IpcSender<_>) = server.accept()?;
    let (questions, receiver) = ipc::channel()?;
    hello.send((receiver, replies))?;
    Ok((questions, process))
}

/// Gets the worker its channels, and lets it work.
fn begin((server, number): (String, usize)) {
    let (hello, channels) = ipc::channel().expect("the system has descriptors left");
    let parent = IpcSender::connect(server).expect("the parent waits");
    parent.send(hello).expect("the parent waits");
    let (questions, replies) = channels.recv().expect("the parent answers");
    work(number, questions, replies);
}

/// Squares one task after another with `probe::work::square`, until no more can come.
fn work(number: usize, questions: IpcReceiver<Question>, replies: IpcSender<Reply>) {
    // TODO: receive, square, reply.
    todo!("worker {number}: from {questions:?} to {replies:?}")
}

/// The squares of all tasks, in the order of the tasks, by `workers` processes.
fn squares(tasks: Vec<Task>, workers: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    // TODO: start the workers, give each its first task, and the next to whoever replies.
    // TODO: let them end, and wait for each.
    todo!("square {} tasks in {workers} processes", tasks.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&squares(tasks, workers)?);
    Ok(())
}

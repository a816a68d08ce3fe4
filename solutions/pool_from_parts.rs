//! Solution: a worker has one task in hand and none in its channel, so no task waits
//! behind another. Its reply says both that the task is done and who is free.
//!
//! To share the tasks out beforehand is simpler, and as slow as the worker with the long
//! ones. All workers cannot read from one channel: its receiver has one owner.

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

/// Squares one task after another, until no more can come.
fn work(number: usize, questions: IpcReceiver<Question>, replies: IpcSender<Reply>) {
    while let Ok((place, task)) = questions.recv() {
        let reply = (number, place, probe::work::square(task));
        replies.send(reply).expect("the parent listens");
    }
}

/// The squares of all tasks, in the order of the tasks.
fn squares(tasks: Vec<Task>, workers: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    let mut squares = vec![0; tasks.len()];
    let (sender, replies) = ipc::channel()?;
    let team = (0..workers.min(tasks.len()))
        .map(|number| start_worker(number, sender.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut waiting = tasks.into_iter().enumerate();
    for ((questions, _), task) in team.iter().zip(&mut waiting) {
        questions.send(task)?;
    }
    for _ in 0..squares.len() {
        let (number, place, square) = replies.recv()?;
        squares[place] = square;
        if let Some(task) = waiting.next() {
            team[number].0.send(task)?;
        }
    }
    for (questions, process) in team {
        drop(questions); // hang up: the worker ends
        process.join()?;
    }
    Ok(squares)
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    probe::answer(&squares(tasks, workers)?);
    Ok(())
}

//! Misconception: an idle worker may as well try what another has in hand.
//! Loses: once
//! Told: entered

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

/// Squares one task after another, until no more can come.
fn work(number: usize, questions: IpcReceiver<Question>, replies: IpcSender<Reply>) {
    while let Ok((place, task)) = questions.recv() {
        let square = probe::work::square(task);
        if replies.send((number, place, square)).is_err() {
            return; // the parent is gone
        }
    }
}

/// The squares of all tasks, in the order of the tasks.
fn squares(tasks: Vec<Task>, workers: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    let count = tasks.len();
    let (sender, replies) = ipc::channel()?;
    let start = |number| start_worker(number, sender.clone());
    let team = (0..workers.min(count))
        .map(start)
        .collect::<Result<Vec<_>, _>>()?;
    let mut waiting = tasks.into_iter().enumerate();
    let mut again: Vec<Question> = Vec::new();
    for (worker, task) in team.iter().zip(&mut waiting) {
        again.push(task.clone());
        worker.questions.send(task)?;
    }
    let mut squares = vec![0; count];
    let mut done = vec![false; count];
    while done.contains(&false) {
        let (number, place, square) = replies.recv()?;
        squares[place] = square;
        done[place] = true;
        again.retain(|(place, _)| !done[*place]);
        if let Some(task) = waiting.next() {
            again.push(task.clone());
            team[number].questions.send(task)?;
        } else if let Some(task) = again.pop() {
            team[number].questions.send(task)?;
        }
    }
    for Worker { questions, process } in team {
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

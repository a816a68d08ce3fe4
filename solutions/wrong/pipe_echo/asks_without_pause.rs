//! Misconception: a reply is seen sooner by whoever never stops looking.
//! Loses: worker killed
//! Told: busy waiting

use std::error::Error;
use std::thread;

use ipc_channel::TryRecvError;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// The parent's ends of the two channels: questions go out, replies come in.
type Ends = (IpcSender<Task>, IpcReceiver<i64>);

/// Starts the worker. Its result is the number of questions that it has answered.
fn start_worker() -> Result<(Process<u64>, Ends), Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(work, name)?;
    let (_, ends): (_, Ends) = server.accept()?;
    Ok((process, ends))
}

/// The worker makes both channels, keeps an end of each, and hands over the others.
fn work(server: String) -> u64 {
    let (asking, questions) =
        ipc::channel().expect("the system has descriptors left");
    let (replies, hearing) =
        ipc::channel().expect("the system has descriptors left");
    let parent = IpcSender::connect(server).expect("the parent waits");
    parent.send((asking, hearing)).expect("the parent waits");
    serve(questions, replies)
}

/// Answers each question until nobody can ask any more; returns how many.
fn serve(questions: IpcReceiver<Task>, replies: IpcSender<i64>) -> u64 {
    let mut answered = 0;
    while let Ok(task) = questions.recv() {
        if replies.send(probe::work::square(task)).is_err() {
            break; // the parent is gone
        }
        answered += 1;
    }
    answered
}

/// Asks the worker one task after another; returns the replies and its count.
fn talk(tasks: Vec<Task>) -> Result<(Vec<i64>, Option<u64>), Box<dyn Error>> {
    let (process, (questions, replies)) = start_worker()?;
    let mut squares = Vec::new();
    'questions: for task in tasks {
        if questions.send(task).is_err() {
            break; // the worker is gone
        }
        loop {
            match replies.try_recv() {
                Ok(square) => break squares.push(square),
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(_) => break 'questions, // it died over this task
            }
        }
    }
    drop(questions); // hang up: now the worker's `recv` fails
    Ok((squares, process.join().ok()))
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    probe::answer(&talk(probe::given(probe::samples(3)))?);
    Ok(())
}

//! Exercise: a worker answers questions until nobody asks any more. Write both sides:
//! `serve` in the worker, `talk` in the parent. Each must notice when the other is
//! gone: the worker then ends by itself, the parent keeps the replies it has.
//!
//! Read:  the chapter on pipes, "End of file"
//! Grade: cargo grade pipe_echo

use std::error::Error;

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

/// Answers each question with `probe::work::square` until nobody can ask any more.
/// Returns how many it has answered.
fn serve(questions: IpcReceiver<Task>, replies: IpcSender<i64>) -> u64 {
    // TODO: receive, answer, count; end when the parent has hung up.
    todo!("answer until the end of {questions:?}, into {replies:?}")
}

/// Asks the worker one task after another: the next question when the reply is there.
/// Returns the replies, and the worker's own count; `None` if it died.
fn talk(tasks: Vec<Task>) -> Result<(Vec<i64>, Option<u64>), Box<dyn Error>> {
    let (process, (questions, replies)) = start_worker()?;
    // TODO: ask and listen; stop when the worker is gone.
    // TODO: hang up, so that the worker can end, and wait for it.
    todo!("ask {} questions", tasks.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    probe::answer(&talk(probe::given(probe::samples(3)))?);
    Ok(())
}

//! Exercise: each client works, sends the server a number, and waits for its reply
//! before it goes on. Some are slow, some end early. Serve each as it becomes ready,
//! not in turn, until all have hung up; sleep when nobody is ready.
//!
//! Read:  the chapter on pipes, "Waiting on many"
//! Grade: cargo grade pipe_fair_server

use std::error::Error;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use multiproc::Process;
use probe::Task;

/// The server's ends of the two channels of a client.
type Client = (IpcReceiver<i64>, IpcSender<i64>);

/// Starts a client in a process of its own.
fn start_client(tasks: Vec<Task>) -> Result<(Process<()>, Client), Box<dyn Error>> {
    let (server, name) = IpcOneShotServer::new()?;
    let process = Process::spawn(live, (name, tasks))?;
    let (_, ends): (_, Client) = server.accept()?;
    Ok((process, ends))
}

/// What a client does: works on a task, sends the result, waits for the reply.
fn live((server, tasks): (String, Vec<Task>)) {
    let (requests, receiver) = ipc::channel().expect("descriptors are left");
    let (sender, replies) = ipc::channel().expect("descriptors are left");
    let connect = IpcSender::connect(server).expect("the server waits");
    connect.send((receiver, sender)).expect("the server waits");
    for task in tasks {
        let square = probe::work::square(task);
        requests.send(square).expect("the server listens");
        assert_eq!(replies.recv().ok(), Some(square + 1), "a reply of its own");
    }
}

/// Replies to each number with the next one, until every client has hung up, also by
/// being killed. Returns all numbers in the order of their coming.
fn serve(clients: Vec<Client>) -> Result<Vec<i64>, Box<dyn Error>> {
    // TODO: wait for all clients at once: look at `ipc::IpcReceiverSet`.
    // TODO: reply to the client that the number came from.
    todo!("serve {} clients", clients.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    multiproc::init();
    let lists = probe::given(vec![probe::samples(2), probe::samples(3)]);
    let started = lists.into_iter().map(start_client);
    let started = started.collect::<Result<Vec<_>, _>>()?;
    let (processes, clients): (Vec<_>, Vec<_>) = started.into_iter().unzip();
    probe::answer(&serve(clients)?);
    for process in processes {
        let _ = process.join(); // some are killed
    }
    Ok(())
}

//! Solution: a set of receivers sleeps until one of them has something, and says which.
//! A client that is gone is an event like any other, so the server is done when it has
//! seen the end of each.
//!
//! A thread for each client is fair, too, and costs a thread for each client. To ask one
//! after another lets the slowest decide; to ask all again and again burns a core.

use std::collections::HashMap;
use std::error::Error;

use ipc_channel::ipc::{
    self, IpcOneShotServer, IpcReceiver, IpcReceiverSet, IpcSelectionResult,
    IpcSender,
};
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

/// Replies to each number with the next one, until every client has hung up.
fn serve(clients: Vec<Client>) -> Result<Vec<i64>, Box<dyn Error>> {
    let mut ready = IpcReceiverSet::new()?;
    let mut replies = HashMap::new();
    for (requests, reply) in clients {
        replies.insert(ready.add(requests)?, reply);
    }
    let mut numbers = Vec::new();
    while !replies.is_empty() {
        for event in ready.select()? {
            match event {
                IpcSelectionResult::MessageReceived(client, message) => {
                    let number: i64 = message.to()?;
                    numbers.push(number);
                    if let Some(reply) = replies.get(&client) {
                        let _ = reply.send(number + 1); // it may have died meanwhile
                    }
                }
                IpcSelectionResult::ChannelClosed(client) => {
                    replies.remove(&client);
                }
            }
        }
    }
    Ok(numbers)
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

//! Processes made of `std` alone: what everything else is measured against.

use std::io::{Read, Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, exit};

const EXIT: &str = "--bare-exit";
const ECHO: &str = "--bare-echo";

/// This program again, which ends at once: `main` must begin with
/// [`exit_if_bare`].
pub fn bare_self_exec() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(EXIT);
    command
}

/// Ends this process if it was started by [`bare_self_exec`].
pub fn exit_if_bare() {
    if std::env::args_os().nth(1).is_some_and(|word| word == EXIT) {
        exit(0);
    }
}

/// A child that sends back what it reads from a socket, `size` bytes at a time.
#[derive(Debug)]
pub struct Echo {
    /// Our end.
    pub socket: UnixStream,
    child: Child,
}

impl Echo {
    /// Starts the child: `main` must begin with [`echo_if_bare`].
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn start(size: usize) -> Echo {
        let (socket, theirs) = UnixStream::pair().expect("a socket pair");
        let child = Command::new("/proc/self/exe")
            .args([ECHO, &size.to_string()])
            .stdin(OwnedFd::from(theirs))
            .spawn()
            .expect("a process");
        Echo { socket, child }
    }

    /// Ends the child.
    ///
    /// # Panics
    ///
    /// When the child failed.
    pub fn end(mut self) {
        drop(self.socket);
        assert!(self.child.wait().expect("a child").success());
    }
}

/// Sends back what comes, and then ends, if this is an [`Echo`]'s child.
///
/// # Panics
///
/// When the socket fails.
pub fn echo_if_bare() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() != Some(ECHO) {
        return;
    }
    let size = words.next().and_then(|word| word.parse().ok());
    let mut message = vec![0; size.expect("a size")];
    let socket = stdin().as_fd().try_clone_to_owned().expect("a socket");
    let mut socket = UnixStream::from(socket);
    while socket.read_exact(&mut message).is_ok() {
        socket.write_all(&message).expect("a parent");
    }
    exit(0);
}

//! Two ends that talk to each other: `pipe()` and [`Connection`].

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::deadline::{Deadline, wait_readable};
use crate::error::{Error, Result};
use crate::handle::{self, Handle};
use crate::{packet, trace};

/// One end of a [`pipe`]: sends and receives values of any serde type.
///
/// A message is sent whole or not at all, also when the sender is killed in
/// the middle of it. A connection can itself be sent to another process, in a
/// process's argument or result or inside a message; the other end learns that
/// its peer is gone ([`Error::Disconnected`]) when the *last* holder of this
/// end has dropped it or died. So move an end into the process that uses it,
/// and keep no clone.
///
/// ```text
///     parent                child
///     first  <=== pipe ===> second
///     send(21) ───────────> recv() == 21
///     recv() == 42 <─────── send(42)
///                           exits: its end closes
///     recv() is Disconnected
/// ```
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Connection, Process, Result};
///
/// fn double(connection: Connection) -> Result<()> {
///     let number: u32 = connection.recv()?;
///     connection.send(&(2 * number))
/// }
/// # fn answer(connection: Connection) { double(connection).expect("a peer") }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let (ours, theirs) = multiproc::pipe()?;
///     let child = Process::spawn(answer, theirs)?;
///     ours.send(&21_u32)?;
///     assert_eq!(ours.recv::<u32>()?, 42);
///     child.join()
/// }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[doc(alias = "Pipe")]
#[doc(alias = "UnixStream")]
pub struct Connection {
    socket: Handle,
    sends: bool,
    receives: bool,
}

/// Makes a duplex pipe: each end sends to the other.
///
/// # Errors
///
/// [`Error::Io`] when the system has no descriptor left.
///
/// # Examples
///
/// ```
/// let (left, right) = multiproc::pipe()?;
/// left.send(&("twice", 2))?;
/// assert_eq!(right.recv::<(String, i32)>()?, ("twice".to_string(), 2));
/// # Ok::<(), multiproc::Error>(())
/// ```
#[doc(alias = "Pipe")]
pub fn pipe() -> Result<(Connection, Connection)> {
    let (left, right) = packet::socket_pair()?;
    Ok((
        Connection::new(left, true, true),
        Connection::new(right, true, true),
    ))
}

/// Makes a one-way pipe: the end that receives, then the end that sends.
///
/// # Errors
///
/// [`Error::Io`] when the system has no descriptor left.
///
/// # Examples
///
/// ```
/// let (reader, writer) = multiproc::pipe_one_way()?;
/// writer.send(&1)?;
/// drop(writer);
/// assert_eq!(reader.recv::<i32>()?, 1);
/// assert!(matches!(reader.recv::<i32>(), Err(multiproc::Error::Disconnected)));
/// # Ok::<(), multiproc::Error>(())
/// ```
#[doc(alias = "Pipe")]
pub fn pipe_one_way() -> Result<(Connection, Connection)> {
    let (reader, writer) = packet::socket_pair()?;
    let reader = Connection::new(reader, false, true);
    Ok((reader, Connection::new(writer, true, false)))
}

impl Connection {
    fn new(socket: std::os::fd::OwnedFd, sends: bool, receives: bool) -> Connection {
        Connection {
            socket: Handle::new(socket),
            sends,
            receives,
        }
    }

    /// Sends a value; waits while the other end is behind with receiving.
    ///
    /// # Errors
    ///
    /// [`Error::Disconnected`] when nobody holds the other end,
    /// [`Error::Encode`] when serde refuses the value; nothing is sent then.
    pub fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        self.send_value(value, Deadline::NEVER).map(|_sent| ())
    }

    /// Sends a value within `timeout`; `false` when there was no room for it.
    ///
    /// # Errors
    ///
    /// As for [`send`](Connection::send).
    pub fn send_timeout<T: Serialize + ?Sized>(
        &self,
        value: &T,
        timeout: Duration,
    ) -> Result<bool> {
        self.send_value(value, Deadline::after(timeout))
    }

    /// Receives the next value; waits for it, or for the end.
    ///
    /// # Errors
    ///
    /// [`Error::Disconnected`] when everything was received and nobody holds
    /// the other end; [`Error::Decode`] when the message is not a `T`, which
    /// uses up that message and no other.
    pub fn recv<T: DeserializeOwned>(&self) -> Result<T> {
        self.recv_value(Deadline::NEVER)?.ok_or(Error::Disconnected)
    }

    /// Receives the next value within `timeout`; `None` when none came.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Connection::recv).
    pub fn recv_timeout<T: DeserializeOwned>(
        &self,
        timeout: Duration,
    ) -> Result<Option<T>> {
        self.recv_value(Deadline::after(timeout))
    }

    /// Receives the next value if it is there already.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Connection::recv).
    pub fn try_recv<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.recv_timeout(Duration::ZERO)
    }

    /// Sends bytes as they are, without serde.
    ///
    /// # Errors
    ///
    /// As for [`send`](Connection::send).
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<()> {
        self.check(self.sends, "receives")?;
        packet::send(self.as_fd(), bytes, &[], Deadline::NEVER).map(|_sent| ())
    }

    /// Receives the next message as bytes.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Connection::recv).
    pub fn recv_bytes(&self) -> Result<Vec<u8>> {
        self.check(self.receives, "sends")?;
        packet::receive(self.as_fd(), Deadline::NEVER)?
            .map(|(bytes, _handles)| bytes)
            .ok_or(Error::Disconnected)
    }

    /// Tells within `timeout` whether [`recv`](Connection::recv) would return
    /// at once, with a message or because the other end is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system cannot wait.
    pub fn poll(&self, timeout: Duration) -> Result<bool> {
        let ready = wait_readable(&[self.as_fd()], Deadline::after(timeout))?;
        Ok(!ready.is_empty())
    }

    fn send_value<T: Serialize + ?Sized>(
        &self,
        value: &T,
        deadline: Deadline,
    ) -> Result<bool> {
        self.check(self.sends, "receives")?;
        let _span = trace::span("pipe", "send");
        let mut bytes = Vec::new();
        let handles = handle::encode_with_handles(value, &mut bytes)?;
        packet::send(self.as_fd(), &bytes, &handles, deadline)
    }

    fn recv_value<T: DeserializeOwned>(
        &self,
        deadline: Deadline,
    ) -> Result<Option<T>> {
        self.check(self.receives, "sends")?;
        let _span = trace::span("pipe", "recv");
        packet::receive(self.as_fd(), deadline)?
            .map(|(bytes, luggage)| handle::decode_with_handles(&bytes, luggage))
            .transpose()
    }

    fn check(&self, can: bool, only: &'static str) -> Result<()> {
        if can {
            Ok(())
        } else {
            Err(Error::OneWay { only: only.into() })
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Waits until something of `handles` is ready, and says which.
///
/// A [`Connection`] is ready when a message or its end can be received, a
/// [`Process`](crate::Process) when it has ended; so is anything else with a
/// descriptor once it can be read. Returns the positions in `handles`; none
/// when `timeout` was over first. Without a timeout, it waits for ever.
///
/// # Errors
///
/// [`Error::Io`] when the system cannot wait; [`Error::Zero`] for no handles and
/// no timeout, as nothing would ever end that.
///
/// # Examples
///
/// ```
/// let (first, _far) = multiproc::pipe()?;
/// let (second, far) = multiproc::pipe()?;
/// far.send("hello")?;
/// assert_eq!(multiproc::wait(&[&first, &second], None)?, [1]);
/// # Ok::<(), multiproc::Error>(())
/// ```
#[doc(alias = "select")]
pub fn wait(handles: &[&dyn AsFd], timeout: Option<Duration>) -> Result<Vec<usize>> {
    let descriptors: Vec<BorrowedFd<'_>> =
        handles.iter().map(|handle| handle.as_fd()).collect();
    let deadline = match timeout {
        Some(timeout) => Deadline::after(timeout),
        None => {
            Error::check_not_zero(handles.len(), "handles to wait for")?;
            Deadline::NEVER
        }
    };
    wait_readable(&descriptors, deadline)
}

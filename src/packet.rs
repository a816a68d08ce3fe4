//! Whole messages over a Unix socket, with descriptors beside them.
//!
//! The sockets are of type `SOCK_SEQPACKET`: the kernel takes a packet whole or
//! not at all, and hands it over whole. So a sender that is killed at any
//! instruction leaves no half message behind, and several senders can share one
//! end without their bytes ever being mixed. What does not fit into a packet
//! is written to a file in memory first, and the packet carries that file. It
//! carries the start of the message as well, so that large messages fill up the
//! socket as fast as others, and a sender is held back after a few of them.

use std::cell::RefCell;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags,
    ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType,
};
use rustix::process::{Resource, getrlimit};

use crate::deadline::{Deadline, wait_readable, wait_writable};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::waiting::waiting;

/// The first byte of a packet: the message follows.
const INLINE: u8 = 1;
/// The first byte of a packet: the message's length and its start follow, and
/// its first descriptor is the file that holds the rest.
const IN_FILE: u8 = 2;
/// The size of that length in bytes.
const LENGTH: usize = 8;

/// The longest message that travels inside its packet, in bytes.
const INLINE_LIMIT: usize = 64 * 1024;
/// The most descriptors that Linux passes at once (`SCM_MAX_FD`).
const DESCRIPTORS: usize = 253;

thread_local! {
    static PACKET: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How long a receiver looks for a message before it sleeps. To be woken takes
/// tens of microseconds: so long, the peer may answer several times.
const BRIEFLY: Duration = Duration::from_micros(50);

/// A message as it arrives: its bytes, and the descriptors beside them.
pub(crate) type Message = (Vec<u8>, Vec<OwnedFd>);

/// Makes two sockets; what is sent into one comes out of the other.
pub(crate) fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(Error::io("make a socket pair"))
}

/// Sends a message; `false` when the deadline came first, and nothing was sent.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    handles: &[Handle],
    deadline: Deadline,
) -> Result<bool> {
    if bytes.len() <= INLINE_LIMIT {
        let parts = [IoSlice::new(&[INLINE]), IoSlice::new(bytes)];
        match send_packet(socket, &parts, handles, deadline) {
            Err(error) if is_too_long(&error) => {}
            sent => return sent,
        }
    }
    match send_with_file(socket, bytes, INLINE_LIMIT - LENGTH, handles, deadline) {
        Err(error) if is_too_long(&error) => {
            send_with_file(socket, bytes, 0, handles, deadline)
        }
        sent => sent,
    }
}

/// Whether the system is set to smaller packets than it has by default.
fn is_too_long(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. }
        if source.raw_os_error() == Some(libc::EMSGSIZE))
}

/// Sends a message whose start, of that length, is in the packet itself.
fn send_with_file(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    start: usize,
    handles: &[Handle],
    deadline: Deadline,
) -> Result<bool> {
    check_count(handles, DESCRIPTORS - 1)?;
    let (start, rest) = bytes.split_at(start.min(bytes.len()));
    let mut with_file = Vec::with_capacity(handles.len() + 1);
    with_file.push(Handle::new(write_file(rest)?));
    with_file.extend_from_slice(handles);
    let length = (bytes.len() as u64).to_le_bytes();
    let parts = [
        IoSlice::new(&[IN_FILE]),
        IoSlice::new(&length),
        IoSlice::new(start),
    ];
    send_packet(socket, &parts, &with_file, deadline)
}

/// Whether a packet as it was received holds just `message`.
pub(crate) fn is_inline(packet: &[u8], message: &[u8]) -> bool {
    packet.split_first() == Some((&INLINE, message))
}

/// Sends one packet, waiting for room in the socket.
fn send_packet(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    handles: &[Handle],
    deadline: Deadline,
) -> Result<bool> {
    check_count(handles, DESCRIPTORS)?;
    let descriptors: Vec<BorrowedFd<'_>> = handles.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    loop {
        let mut beside = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            beside.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        match rustix::net::sendmsg(socket, parts, &mut beside, flags) {
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            // The receiver has not taken what is under way.
            Err(Errno::AGAIN) => {
                let _waiting = waiting(c"in send");
                if !wait_writable(socket, deadline)? {
                    return Ok(false);
                }
            }
            // So many descriptors are under way that the system takes no more,
            // and no event tells when it does again.
            Err(Errno::TOOMANYREFS) => {
                if deadline.is_over() {
                    return Ok(false);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(
                Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN | Errno::CONNREFUSED,
            ) => return Err(Error::Disconnected),
            Err(error) => return Err(Error::io("send to another process")(error)),
        }
    }
}

fn check_count(handles: &[Handle], limit: usize) -> Result<()> {
    let count = handles.len();
    if count > limit {
        return Err(Error::TooManyHandles { count, limit });
    }
    Ok(())
}

/// Receives a message; `None` when the deadline came first.
///
/// # Errors
///
/// [`Error::Disconnected`] once all that was sent has been received and nobody
/// holds the other end any more.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    deadline: Deadline,
) -> Result<Option<Message>> {
    let receive = |packet: &mut Vec<u8>| {
        packet.resize(1 + INLINE_LIMIT, 0);
        let Some((length, mut descriptors)) =
            receive_packet(socket, packet, deadline)?
        else {
            return Ok(None);
        };
        match packet[..length].split_first() {
            None => Err(Error::Disconnected),
            Some((&INLINE, bytes)) => Ok(Some((bytes.to_vec(), descriptors))),
            Some((&IN_FILE, rest)) if !descriptors.is_empty() => {
                let (length, start) = rest
                    .split_first_chunk::<LENGTH>()
                    .ok_or_else(|| Error::corrupt("a message"))?;
                let length = u64::from_le_bytes(*length);
                let bytes = read_file(&descriptors.remove(0), length, start)?;
                Ok(Some((bytes, descriptors)))
            }
            Some(_) => Err(Error::corrupt("a message")),
        }
    };
    PACKET
        .try_with(|packet| receive(&mut packet.borrow_mut()))
        // It is gone when the thread is ending.
        .unwrap_or_else(|_| receive(&mut Vec::new()))
}

/// Receives one packet into `packet`; a length of 0 is the end.
fn receive_packet(
    socket: BorrowedFd<'_>,
    packet: &mut [u8],
    deadline: Deadline,
) -> Result<Option<(usize, Vec<OwnedFd>)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut patience = RecvFlags::DONTWAIT;
    let mut looks = Looks::default();
    let mut _waiting = None;
    loop {
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | patience;
        let mut parts = [IoSliceMut::new(packet)];
        match rustix::net::recvmsg(socket, &mut parts, &mut beside, flags) {
            Ok(received) => {
                let descriptors: Vec<OwnedFd> = beside
                    .drain()
                    .filter_map(|message| match message {
                        RecvAncillaryMessage::ScmRights(rights) => Some(rights),
                        _ => None,
                    })
                    .flatten()
                    .collect();
                if received.flags.contains(ReturnFlags::CTRUNC) {
                    return Err(Error::io("receive a handle")(Errno::MFILE));
                }
                return Ok(Some((received.bytes, descriptors)));
            }
            // The peer closed its end with unread packets in it. That is told
            // once, before what it sent itself: go on and read that.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            Err(Errno::AGAIN) if looks.again(deadline) => {}
            Err(Errno::AGAIN) => {
                _waiting.get_or_insert_with(|| waiting(c"in recv"));
                if deadline.remaining().is_none() && !patience.is_empty() {
                    // The call itself waits: fewer system calls a message. It
                    // comes back when somebody made the socket non-blocking.
                    patience = RecvFlags::empty();
                } else if wait_readable(&[socket], deadline)?.is_empty() {
                    return Ok(None);
                }
            }
            Err(error) => {
                return Err(Error::io("receive from another process")(error));
            }
        }
    }
}

/// The looks of a receiver at its socket before it sleeps.
#[derive(Default)]
struct Looks(Option<Instant>);

impl Looks {
    /// Whether to look once more; the peer may run meanwhile, also when it
    /// shares this processor.
    fn again(&mut self, deadline: Deadline) -> bool {
        let now = Instant::now();
        let begun = *self.0.get_or_insert(now);
        let goes_on = now - begun < BRIEFLY && !deadline.is_over();
        if goes_on {
            std::thread::yield_now();
        }
        goes_on
    }
}

/// Makes a file in memory that is to grow to `length` bytes.
///
/// Who makes a file larger than the system lets it is killed (`SIGXFSZ`), so that
/// is asked first.
pub(crate) fn memory_file(
    name: &str,
    length: usize,
    flags: MemfdFlags,
) -> Result<OwnedFd, Errno> {
    let limit = getrlimit(Resource::Fsize).current;
    if limit.is_some_and(|limit| limit < length as u64) {
        return Err(Errno::FBIG);
    }
    rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | flags)
}

/// Writes a message that is too large for a packet to a file in memory.
fn write_file(bytes: &[u8]) -> Result<OwnedFd> {
    let file = memory_file("multiproc-message", bytes.len(), MemfdFlags::empty())
        .map_err(Error::io("make a file in memory for a large message"))?;
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::pwrite(&file, &bytes[written..], written as u64) {
            Ok(count) => written += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(Error::io("write a large message")(error)),
        }
    }
    Ok(file)
}

/// Reads such a file to the end of a message of `length` bytes with that start.
/// It is read and not mapped, so that a sender which cuts it off meanwhile
/// causes an error and not a `SIGBUS`.
fn read_file(file: &OwnedFd, length: u64, start: &[u8]) -> Result<Vec<u8>> {
    let not_whole = || Error::corrupt("a large message, whole");
    let status = rustix::fs::fstat(file)
        .map_err(Error::io("ask for the size of a large message"))?;
    // Memory is set aside only for what the sender has really written: a file
    // with holes could claim any length.
    let written = u64::try_from(status.st_blocks)
        .unwrap_or(0)
        .saturating_mul(512);
    let rest = length.checked_sub(start.len() as u64);
    if rest.is_none_or(|rest| {
        u64::try_from(status.st_size) != Ok(rest) || written < rest
    }) {
        return Err(not_whole());
    }
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend_from_slice(start);
    bytes.resize(length as usize, 0);
    let mut read = start.len();
    while read < bytes.len() {
        let place = (read - start.len()) as u64;
        match rustix::io::pread(file, &mut bytes[read..], place) {
            Ok(0) => return Err(not_whole()),
            Ok(count) => read += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(Error::io("read a large message")(error)),
        }
    }
    Ok(bytes)
}

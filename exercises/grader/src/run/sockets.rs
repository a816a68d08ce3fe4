//! Which Unix socket is the other end of which.

use std::collections::BTreeMap;
use std::io;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto,
    socket_with,
};

/// The kernel's numbers for this question, from `linux/sock_diag.h`,
/// `linux/netlink.h` and `linux/unix_diag.h`.
const BY_FAMILY: u16 = 20;
const REQUEST_DUMP: u16 = 0x301;
const DONE: u16 = 3;
const ERROR: u16 = 2;
const SHOW_PEER: u32 = 4;
const PEER: u16 = 2;
/// Before the attributes of an answer: two headers of 16 bytes each.
const HEADERS: usize = 32;

/// For each connected Unix socket the one at its other end, by inode.
pub(super) fn socket_peers() -> io::Result<BTreeMap<u64, u64>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(SOCK_DIAG),
    )?;
    sendto(
        &socket,
        &question(),
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    let mut peers = BTreeMap::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        // The kernel answers at once, in as many datagrams as it takes.
        let (_, length) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while let Some((size, kind)) = header(rest) {
            match kind {
                DONE | ERROR => return Ok(peers),
                _ => peers.extend(pair(&rest[..size])),
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

fn question() -> Vec<u8> {
    let family = AddressFamily::UNIX.as_raw().to_ne_bytes()[0];
    let mut bytes = Vec::new();
    bytes.extend(40_u32.to_ne_bytes()); // length of all
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number, sender
    bytes.extend([family, 0, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes()); // sockets in any state
    bytes.extend(0_u32.to_ne_bytes()); // any inode
    bytes.extend(SHOW_PEER.to_ne_bytes());
    bytes.extend([0xff; 8]); // any cookie
    bytes
}

/// Length and kind of the first message.
fn header(bytes: &[u8]) -> Option<(usize, u16)> {
    let size = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let kind = u16_at(bytes, 4)?;
    (16..=bytes.len()).contains(&size).then_some((size, kind))
}

/// The socket that a message is about, and its other end.
fn pair(message: &[u8]) -> Option<(u64, u64)> {
    let inode = u32_at(message, 20)?;
    let mut attributes = message.get(HEADERS..)?;
    loop {
        let size = usize::from(u16_at(attributes, 0)?);
        if u16_at(attributes, 2)? == PEER {
            return Some((inode.into(), u32_at(attributes, 4)?.into()));
        }
        attributes = attributes.get(size.max(4).next_multiple_of(4)..)?;
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn finds_the_other_end_of_a_pair() {
        let (near, far) = UnixStream::pair().expect("descriptors are left");
        let inode = |socket: &UnixStream| -> u64 {
            let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
            let target = fs::read_link(path).expect("it is open");
            let target = target.to_string_lossy().into_owned();
            let number = target.trim_start_matches("socket:[").trim_end_matches(']');
            number.parse().expect("a number")
        };
        let peers = socket_peers().expect("the kernel answers");
        assert_eq!(peers.get(&inode(&near)), Some(&inode(&far)));
        assert_eq!(peers.get(&inode(&far)), Some(&inode(&near)));
    }
}

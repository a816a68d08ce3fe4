//! A packet as it lies on the socket, with up to three files beside it.

#![no_main]

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use libfuzzer_sys::fuzz_target;
use multiproc::Connection;
use rustix::fs::MemfdFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// A file in memory with those bytes, and `holes` bytes more of nothing.
fn file(bytes: &[u8], holes: u64) -> OwnedFd {
    let file =
        rustix::fs::memfd_create("fuzz", MemfdFlags::CLOEXEC).expect("memory");
    rustix::io::pwrite(&file, bytes, 0).expect("memory");
    rustix::fs::ftruncate(&file, bytes.len() as u64 + holes).expect("a size");
    file
}

fn send(to: &Connection, packet: &[u8], files: &[OwnedFd]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    if !descriptors.is_empty() {
        beside.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    let parts = [IoSlice::new(packet)];
    rustix::net::sendmsg(to.as_fd(), &parts, &mut beside, SendFlags::empty())
        .expect("there is room for one");
}

fuzz_target!(|input: (Vec<u8>, Vec<(Vec<u8>, u32)>)| {
    let (mut packet, files) = input;
    packet.truncate(60_000);
    let files = files.iter().take(3);
    let files: Vec<OwnedFd> = files
        .map(|(bytes, holes)| file(bytes, (*holes).into()))
        .collect();
    let (here, there) = multiproc::pipe().expect("there are descriptors");
    for _ in 0..2 {
        send(&there, &packet, &files);
    }
    let _ = here.recv_bytes();
    let _ = here.recv::<Vec<(String, Connection)>>();
});

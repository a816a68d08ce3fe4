//! Shared memory that arrives from elsewhere, as each of the shared objects.

#![no_main]

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use libfuzzer_sys::fuzz_target;
use multiproc::{
    Array, Barrier, Condition, Connection, Event, Lock, Queue, Semaphore, Value,
};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// Memory of that size, which begins with those bytes.
fn memory(bytes: &[u8], size: u16, sealed: bool) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = rustix::fs::memfd_create("fuzz", flags).expect("memory");
    rustix::io::pwrite(&file, bytes, 0).expect("memory");
    rustix::fs::ftruncate(&file, size.into()).expect("a size");
    if sealed {
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals).expect("is not sealed yet");
    }
    file
}

fn receive(kind: u8, from: &Connection) {
    match kind % 8 {
        0 => drop(from.recv::<Queue<u64>>()),
        1 => drop(from.recv::<Value<u64>>()),
        // The numbers of an array are reached without a lock here.
        2 => drop(from.recv::<Array<u8>>().map(|array| array.len())),
        3 => drop(from.recv::<Lock>()),
        4 => drop(from.recv::<Semaphore>().map(|permits| permits.available())),
        5 => drop(from.recv::<Event>().map(|event| event.is_set())),
        6 => drop(from.recv::<Condition>()),
        _ => drop(from.recv::<Barrier>().map(|barrier| barrier.parties())),
    }
}

fuzz_target!(|input: (u8, Vec<u8>, u16, bool)| {
    let (kind, bytes, size, sealed) = input;
    let (here, there) = multiproc::pipe().expect("there are descriptors");
    let files = [memory(&bytes, size, sealed)];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let descriptors = [files[0].as_fd()];
    beside.push(SendAncillaryMessage::ScmRights(&descriptors));
    // What the library sends for a handle: a message follows, take the first.
    let parts = [IoSlice::new(&[1, 0])];
    rustix::net::sendmsg(there.as_fd(), &parts, &mut beside, SendFlags::empty())
        .expect("there is room for one");
    receive(kind, &here);
});

//! What a peer sends: random bytes, changed ones, claims, and descriptors.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use multiproc::{
    Array, Barrier, Condition, Connection, Error, Event, Lock, Queue, Semaphore,
    Value, pipe,
};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tests::{Outcome, PATIENCE, Random};

use super::memory::expect_small_allocations;
use super::rounds;

/// A message of all that serde knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Nothing,
    Number(i128, f64, char, bool),
    Texts(Vec<String>),
    Map(BTreeMap<String, Option<u16>>),
    Below { inner: Box<Message>, bytes: Vec<u8> },
}

/// Draws a message.
fn message(random: &mut Random, depth: u32) -> Message {
    let text = |random: &mut Random| "äx".repeat(random.below(20) as usize);
    match random.below(if depth == 0 { 4 } else { 5 }) {
        0 => Message::Nothing,
        1 => Message::Number(random.number().into(), 0.5, 'ß', true),
        2 => Message::Texts((0..random.below(9)).map(|_| text(random)).collect()),
        3 => Message::Map(
            (0..random.below(9))
                .map(|key| (format!("{key}{}", text(random)), Some(key as u16)))
                .collect(),
        ),
        _ => Message::Below {
            inner: Box::new(message(random, depth - 1)),
            bytes: bytes(random, 300),
        },
    }
}

/// Draws fewer than `most` bytes; small numbers are frequent.
fn bytes(random: &mut Random, most: u64) -> Vec<u8> {
    let small = random.below(2) == 0;
    let byte = |random: &mut Random| {
        let byte = random.number() as u8;
        if small { byte % 4 } else { byte }
    };
    (0..random.below(most)).map(|_| byte(random)).collect()
}

/// A type that something is received as.
type Reading = fn(&Connection) -> Result<(), Error>;

fn read<T: DeserializeOwned + Debug>(from: &Connection) -> Result<(), Error> {
    let received = from.recv_timeout::<T>(PATIENCE)?;
    assert!(received.is_some(), "it was sent");
    Ok(())
}

fn read_bytes(from: &Connection) -> Result<(), Error> {
    from.recv_bytes().map(|_bytes| ())
}

const READINGS: &[Reading] = &[
    read::<Message>,
    read::<u64>,
    read::<String>,
    read::<Vec<u8>>,
    read::<Vec<Vec<String>>>,
    read::<Vec<[u64; 4]>>,
    read::<HashMap<u64, Vec<f64>>>,
    read::<Result<Option<char>, Error>>,
    read::<Vec<Connection>>,
    read::<(Queue<u64>, Lock)>,
    read_bytes,
];

/// What is received is a value or an error; what comes after it is not touched.
fn expect_harmless(
    here: &Connection,
    there: &Connection,
    reading: Reading,
) -> Outcome {
    if let Err(error) = reading(here) {
        let expected = matches!(
            error,
            Error::Decode { .. }
                | Error::Corrupt { .. }
                | Error::Io { .. }
                | Error::Disconnected
        );
        assert!(expected, "{error:?}");
    }
    there.send("next")?;
    assert_eq!(here.recv::<String>()?, "next");
    Ok(())
}

fn any<T>(random: &mut Random, of: &[T]) -> T
where
    T: Copy,
{
    of[random.below(of.len() as u64) as usize]
}

pub(super) fn of_random_bytes() -> Outcome {
    let mut random = Random::for_test("of_random_bytes");
    let (here, there) = pipe()?;
    for _ in 0..rounds(20_000) {
        there.send_bytes(&bytes(&mut random, 200))?;
        expect_harmless(&here, &there, any(&mut random, READINGS))?;
    }
    expect_small_allocations();
    Ok(())
}

/// Flips, cuts, inserts and repeats bytes.
fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        let place = random.below(bytes.len() as u64 + 1) as usize;
        match random.below(5) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, random.number() as u8),
            2 => {
                let repeated = bytes[place..].to_vec();
                bytes.extend(repeated);
            }
            3 if place < bytes.len() => drop(bytes.remove(place)),
            _ => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
}

pub(super) fn that_were_changed_on_the_way() -> Outcome {
    let mut random = Random::for_test("that_were_changed_on_the_way");
    let (here, there) = pipe()?;
    for round in 0..rounds(10_000) {
        let sent = message(&mut random, 4);
        there.send(&sent)?;
        let mut bytes = here.recv_bytes()?;
        if round % 50 == 0 {
            // Unchanged, it is what was sent.
            there.send_bytes(&bytes)?;
            assert_eq!(here.recv::<Message>()?, sent);
        }
        change(&mut random, &mut bytes);
        there.send_bytes(&bytes)?;
        expect_harmless(
            &here,
            &there,
            any(&mut random, &[READINGS[0], READINGS[6]]),
        )?;
    }
    expect_small_allocations();
    Ok(())
}

/// A length as postcard writes it: seven bits a byte.
fn length(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Lengths up to 2^64 of texts, lists and lists of lists, and few bytes.
pub(super) fn that_claim_any_length() -> Outcome {
    let mut random = Random::for_test("that_claim_any_length");
    let (here, there) = pipe()?;
    for _ in 0..rounds(5_000) {
        let mut claims = Vec::new();
        for _ in 0..1 + random.below(4) {
            length(random.number() >> random.below(64), &mut claims);
        }
        for &reading in &READINGS[2..9] {
            there.send_bytes(&claims)?;
            expect_harmless(&here, &there, reading)?;
        }
    }
    expect_small_allocations();
    Ok(())
}

/// Sends a packet as the library would never send it.
fn send_packet(to: &Connection, packet: &[u8], beside: &[OwnedFd]) -> Outcome {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<_> = beside.iter().map(AsFd::as_fd).collect();
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    let parts = [IoSlice::new(packet)];
    rustix::net::sendmsg(to.as_fd(), &parts, &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// Something with a descriptor: memory of any size with holes, a pipe, a folder.
fn descriptor(random: &mut Random) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    Ok(match random.below(4) {
        0 => std::io::pipe()?.0.into(),
        1 => std::fs::File::open("/")?.into(),
        2 => std::fs::File::open("/dev/zero")?.into(),
        _ => {
            let file = rustix::fs::memfd_create("hostile", MemfdFlags::CLOEXEC)?;
            rustix::io::pwrite(&file, &bytes(random, 5_000), 0)?;
            if random.below(2) == 0 {
                rustix::fs::ftruncate(
                    &file,
                    random.number() >> (1 + random.below(63)),
                )?;
            }
            file
        }
    })
}

pub(super) fn packets_with_any_descriptors() -> Outcome {
    let mut random = Random::for_test("packets_with_any_descriptors");
    let (here, there) = pipe()?;
    for _ in 0..rounds(5_000) {
        let beside: Result<Vec<OwnedFd>, _> = (0..random.below(4))
            .map(|_| descriptor(&mut random))
            .collect();
        let beside = beside?;
        // The first byte says what follows; a length of what is in a file.
        let mut packet = vec![random.below(4) as u8];
        let claim = match beside.first().map(rustix::fs::fstat) {
            Some(Ok(status)) if random.below(2) == 0 => status.st_size as u64,
            _ => random.number() >> random.below(64),
        };
        packet.extend(claim.to_le_bytes());
        packet.extend(bytes(&mut random, 40));
        packet.truncate(1 + random.below(packet.len() as u64) as usize);
        send_packet(&there, &packet, &beside)?;
        expect_harmless(&here, &there, any(&mut random, READINGS))?;
    }
    expect_small_allocations();
    Ok(())
}

const OBJECTS: &[Reading] = &[
    read::<Queue<u64>>,
    read::<Value<u64>>,
    read::<Array<u8>>,
    read::<Lock>,
    read::<Semaphore>,
    read::<Event>,
    read::<Condition>,
    read::<Barrier>,
];

/// The bytes of one object of each type.
fn genuine() -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error>> {
    let (here, there) = pipe()?;
    let mut found = Vec::new();
    let mut send = |object: &dyn Fn() -> Outcome| {
        object()?;
        // Not received by the library but as it is, with its memory beside it.
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut beside = rustix::net::RecvAncillaryBuffer::new(&mut space);
        let mut packet = [0; 64];
        let mut parts = [std::io::IoSliceMut::new(&mut packet)];
        let flags = rustix::net::RecvFlags::CMSG_CLOEXEC;
        rustix::net::recvmsg(here.as_fd(), &mut parts, &mut beside, flags)?;
        for message in beside.drain() {
            if let rustix::net::RecvAncillaryMessage::ScmRights(rights) = message {
                for file in rights {
                    let size = rustix::fs::fstat(&file)?.st_size as usize;
                    let mut bytes = vec![0; size];
                    let read = rustix::io::pread(&file, &mut bytes, 0)?;
                    assert_eq!(read, size);
                    found.push(bytes);
                }
            }
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let sent = &there;
    send(&|| Ok(sent.send(&Queue::<u64>::new(4)?)?))?;
    send(&|| Ok(sent.send(&Value::new(7_u64)?)?))?;
    send(&|| Ok(sent.send(&Array::from_slice(&[1_u8, 2, 3])?)?))?;
    send(&|| Ok(sent.send(&Lock::new()?)?))?;
    send(&|| Ok(sent.send(&Semaphore::new(3)?)?))?;
    send(&|| Ok(sent.send(&Event::new()?)?))?;
    send(&|| Ok(sent.send(&Condition::new()?)?))?;
    send(&|| Ok(sent.send(&Barrier::new(2)?)?))?;
    assert_eq!(found.len(), OBJECTS.len());
    Ok(found)
}

/// Memory whose header, size or seals were changed, taken for each type.
pub(super) fn memory_that_claims_to_be_something() -> Outcome {
    let mut random = Random::for_test("memory_that_claims_to_be_something");
    let genuine = genuine()?;
    let (here, there) = pipe()?;
    // What the library sends for a handle: here is a message, take the first.
    let packet = [1, 0];
    let mut taken = 0;
    for _ in 0..rounds(5_000) {
        let kind = random.below(genuine.len() as u64) as usize;
        let mut bytes = genuine[kind].clone();
        for _ in 0..random.below(3) {
            let place = random.below(24) as usize;
            bytes[place] ^= 1 << random.below(8);
        }
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
        }
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("hostile", flags)?;
        rustix::io::pwrite(&file, &bytes, 0)?;
        if random.below(8) > 0 {
            let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
            rustix::fs::fcntl_add_seals(&file, seals)?;
        }
        send_packet(&there, &packet, &[file])?;
        let reading = match random.below(2) {
            0 => OBJECTS[kind],
            _ => any(&mut random, OBJECTS),
        };
        taken += u32::from(reading(&here).is_ok());
    }
    assert!(taken > 100, "{taken} were taken for what they are");
    expect_small_allocations();
    Ok(())
}

//! The bytes of a message, read as values of many types.

#![no_main]

use std::collections::{BTreeMap, HashMap};

use libfuzzer_sys::fuzz_target;
use multiproc::{Connection, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// All that serde knows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Nothing,
    Number(i128, f32, f64, char, bool),
    Texts(Vec<String>),
    Map(BTreeMap<String, Option<u16>>),
    Below { inner: Box<Message>, bytes: Vec<u8> },
}

/// Sends the bytes to this process, and reads a `T`; what is read can be sent
/// again and is the same then.
fn read<T: Serialize + DeserializeOwned>(
    ends: &(Connection, Connection),
    data: &[u8],
) {
    ends.0.send_bytes(data).expect("there is room for one");
    if let Ok(value) = ends.1.recv::<T>() {
        ends.0.send(&value).expect("what was read can be sent");
        ends.1.recv::<T>().expect("what was sent can be read");
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    let ends = multiproc::pipe().expect("there are descriptors");
    match kind % 6 {
        0 => read::<Message>(&ends, data),
        1 => read::<Vec<Vec<String>>>(&ends, data),
        2 => read::<HashMap<u64, (char, bool)>>(&ends, data),
        3 => read::<(i8, u16, i32, u64, u128, f64)>(&ends, data),
        // What a worker answers with, and what errors carry.
        4 => read::<Result<Option<[u8; 3]>, Error>>(&ends, data),
        _ => read::<Vec<Connection>>(&ends, data),
    }
});

//! Messages there and back.

use std::io::{Read, Write};

use benches::Echo;
use multiproc::{Connection, Process};

use crate::contest::{Row, Way};
use crate::{Shared, python_way};

/// Sends back what it gets, until the pipe ends.
fn echo(connection: Connection) {
    while let Ok(number) = connection.recv::<u64>() {
        if connection.send(&number).is_err() {
            break;
        }
    }
}

pub(crate) fn round_trip(python: &Shared) -> Row {
    const COUNT: u64 = 2_000;
    let sum = COUNT * (COUNT - 1) / 2;
    let (ours, theirs) = multiproc::pipe().expect("a pipe");
    let child = Process::spawn(echo, theirs).expect("a process");
    let mut bare = Echo::start(8);
    Row {
        title: "send 8 bytes there and back".into(),
        unit: "round trip",
        count: COUNT,
        ours: Way::new("processes", move || {
            let _child = &child;
            let one = |number: u64| {
                ours.send(&number).expect("a child");
                ours.recv::<u64>().expect("a child")
            };
            assert_eq!((0..COUNT).map(one).sum::<u64>(), sum);
        }),
        others: vec![
            Way::new("socketpair", move || {
                let one = |number: u64| {
                    let mut bytes = number.to_le_bytes();
                    bare.socket.write_all(&bytes).expect("a child");
                    bare.socket.read_exact(&mut bytes).expect("a child");
                    u64::from_le_bytes(bytes)
                };
                assert_eq!((0..COUNT).map(one).sum::<u64>(), sum);
            })
            .must(1.0 / 1.15, 2.0),
            python_way("python", python, "round_trip", COUNT, sum).must(1.0, 5.0),
        ],
    }
}

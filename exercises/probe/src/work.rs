//! Functions that a worker can run on a task.

use std::process;
use std::thread;

use rustix::process::{Signal, getpid, kill_process};

use crate::protocol::{Ending, Order};
use crate::task::Task;

/// The square of the task's number.
///
/// # Panics
///
/// When the task says so: some exercises are about tasks that fail.
#[must_use]
pub fn square(task: Task) -> i64 {
    let visit = task.enter();
    end_as_ordered(visit.order());
    visit.order().number.wrapping_mul(visit.order().number)
}

/// As many bytes as the task asks for, made from its number.
///
/// # Panics
///
/// When the task says so: some exercises are about tasks that fail.
#[must_use]
pub fn bytes(task: Task) -> Vec<u8> {
    let visit = task.enter();
    end_as_ordered(visit.order());
    bytes_from(visit.order().number, visit.order().size)
}

/// The bytes that [`bytes`] makes of a number.
#[must_use]
pub fn bytes_from(number: i64, size: usize) -> Vec<u8> {
    let mut state = number.cast_unsigned() | 1;
    let next = || {
        // xorshift64: Marsaglia, "Xorshift RNGs" (2003), triple 13, 7, 17
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// The checksum of `bytes`: CRC-32 as in ISO 3309 and PNG.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    let step = |register: u32, byte: &u8| {
        (0..8).fold(register ^ u32::from(*byte), |register, _| {
            let odd = register & 1 == 1;
            (register >> 1) ^ if odd { 0xEDB8_8320 } else { 0 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// Nothing but the task's ending: it returns, panics, exits, or dies.
///
/// # Panics
///
/// When the task says so.
pub fn end(task: Task) {
    end_as_ordered(task.enter().order());
}

fn end_as_ordered(order: &Order) {
    match &order.ending {
        Ending::Return => {}
        Ending::Panic(message) => panic!("{message}"),
        Ending::Exit(code) => process::exit(*code),
        Ending::Signal(number) => {
            let signal = Signal::from_named_raw(*number)
                .unwrap_or_else(|| panic!("there is no signal {number}"));
            // The signal ends this process before the call returns, unless it
            // is one that the program handles.
            let _ = kill_process(getpid(), signal);
        }
        Ending::Hang => loop {
            // Unblocked by nobody: a wake-up without a reason is no end either.
            thread::park();
        },
    }
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn agrees_with_the_standard() {
        // The check value of the algorithm, and the register's start inverted.
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum(b""), 0);
    }
}

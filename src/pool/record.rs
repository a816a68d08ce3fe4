//! Tasks and results as records: what lies in the rings between a pool and its
//! workers.

use crate::error::{Error, Result};

/// The start of a record in a ring: what it is, and how many bytes follow.
///
/// It is one byte: twice the length, and one more for a special record. So a
/// small task costs little more than its own bytes on the way from one core to
/// the other. [`LONG`] in place of the length says that eight bytes with the
/// length follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) length: u64,
    /// Among tasks: not a task, but the functions that the tasks after it call.
    /// Among results: not a result, but the answer that says why there is none.
    pub(crate) special: bool,
}

const LONG: u8 = 127;

impl Header {
    /// Reads a header; `more` reads the eight bytes after the first one.
    #[inline(always)]
    pub(crate) fn read(
        first: u8,
        more: impl FnOnce() -> Option<[u8; 8]>,
    ) -> Option<Header> {
        let special = first & 1 != 0;
        let length = match first >> 1 {
            LONG => u64::from_le_bytes(more()?),
            length => length.into(),
        };
        Some(Header { length, special })
    }

    /// Begins a record: appends a header that [`end`](Header::end) fills in.
    /// Returns where it is.
    #[inline(always)]
    pub(crate) fn begin(bytes: &mut Vec<u8>) -> usize {
        bytes.push(0);
        bytes.len() - 1
    }

    /// Ends the record that began at `start`.
    #[inline(always)]
    pub(crate) fn end(bytes: &mut Vec<u8>, start: usize, special: bool) {
        let length = bytes.len() - start - 1;
        let is_long = length >= LONG.into();
        let short = if is_long { LONG } else { length as u8 };
        bytes[start] = short << 1 | u8::from(special);
        if is_long {
            let length = (length as u64).to_le_bytes();
            bytes.splice(start + 1..start + 1, length);
        }
    }

    /// Splits the first record off `bytes`, if all of it is there.
    #[inline(always)]
    pub(crate) fn split(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
        let (first, mut rest) = bytes.split_first()?;
        let header = Header::read(*first, || {
            let (length, after) = rest.split_first_chunk()?;
            rest = after;
            Some(*length)
        })?;
        let length = usize::try_from(header.length).ok()?;
        let (record, rest) = rest.split_at_checked(length)?;
        Some((header, record, rest))
    }
}

/// The functions that tasks call, as offsets, in a record of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Functions {
    pub(crate) trampoline: u64,
    pub(crate) function: u64,
}

impl Functions {
    const LENGTH: usize = 16;
    /// The size of the record.
    pub(crate) const RECORD: usize = 1 + Functions::LENGTH;

    pub(crate) fn to_record(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Functions::RECORD);
        let start = Header::begin(&mut bytes);
        bytes.extend(self.trampoline.to_le_bytes());
        bytes.extend(self.function.to_le_bytes());
        Header::end(&mut bytes, start, true);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Functions> {
        match bytes.as_chunks() {
            (&[trampoline, function], []) => Ok(Functions {
                trampoline: u64::from_le_bytes(trampoline),
                function: u64::from_le_bytes(function),
            }),
            _ => Err(Error::corrupt("a task")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length_are_split() {
        let mut bytes = Vec::new();
        let lengths = [0, 1, 126, 127, 128, 1000];
        for length in lengths {
            let start = Header::begin(&mut bytes);
            bytes.extend((0..length).map(|place| place as u8));
            Header::end(&mut bytes, start, length % 2 == 0);
        }
        let mut rest = bytes.as_slice();
        for length in lengths {
            for part in 0..length.min(12) {
                assert!(Header::split(&rest[..part]).is_none());
            }
            let (header, record, after) = Header::split(rest).expect("a record");
            assert_eq!(header.length, length as u64);
            assert_eq!(header.special, length % 2 == 0);
            assert!(record.iter().copied().eq((0..length).map(|at| at as u8)));
            rest = after;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn functions_take_as_much_room_as_is_kept_for_them() {
        let functions = Functions {
            trampoline: 1 << 40,
            function: 7,
        };
        let bytes = functions.to_record();
        assert_eq!(bytes.len(), Functions::RECORD);
        let (header, record, _) = Header::split(&bytes).expect("a record");
        assert!(header.special);
        assert_eq!(Functions::from_bytes(record).expect("reads"), functions);
    }
}

//! Tasks and results as records: what lies in the rings between a pool and its
//! workers.

use crate::error::{Error, Result};

/// The start of a record in a ring: what it is, and how many bytes follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) length: u64,
    /// Among tasks: not a task, but the functions that the tasks after it call.
    /// Among results: not a result, but the answer that says why there is none.
    pub(crate) special: bool,
}

impl Header {
    pub(crate) const SIZE: usize = 8;

    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; Header::SIZE] {
        (self.length << 1 | u64::from(self.special)).to_le_bytes()
    }

    #[inline]
    pub(crate) fn from_bytes(bytes: [u8; Header::SIZE]) -> Header {
        let word = u64::from_le_bytes(bytes);
        Header {
            length: word >> 1,
            special: word & 1 != 0,
        }
    }

    /// Begins a record: appends a header that [`end`](Header::end) fills in.
    /// Returns where it is.
    #[inline]
    pub(crate) fn begin(bytes: &mut Vec<u8>) -> usize {
        bytes.extend_from_slice(&[0; Header::SIZE]);
        bytes.len() - Header::SIZE
    }

    /// Ends the record that began at `start`.
    #[inline]
    pub(crate) fn end(bytes: &mut [u8], start: usize, special: bool) {
        let length = (bytes.len() - start - Header::SIZE) as u64;
        let header = Header { length, special };
        bytes[start..start + Header::SIZE].copy_from_slice(&header.to_bytes());
    }

    /// Splits the first record off `bytes`, if all of it is there.
    #[inline]
    pub(crate) fn split(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
        let (start, rest) = bytes.split_first_chunk()?;
        let header = Header::from_bytes(*start);
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
    pub(crate) const LENGTH: u64 = 16;
    /// The size of the record.
    pub(crate) const RECORD: usize = Header::SIZE + Functions::LENGTH as usize;

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

//! The ring that a queue's items lie in, one after another.
//!
//! Producers write items behind the last one and then move one word, `put`;
//! consumers copy items from the front and then move one word, `got`. Each word
//! holds a count of items and a place in the ring, so that both move in one
//! instruction: whenever a process is killed, an item is there whole or not at
//! all. Producers exclude each other by a lock, and consumers by another; this
//! file is about one producer and one consumer.
//!
//! Memory order: a producer writes the item, then stores `put` (release); a
//! consumer loads `put` (acquire), so it sees the item whole. The consumer
//! reads the item, then stores `got` (release); a producer loads `got`
//! (acquire) before it writes there again.
//!
//! Nothing read from the ring is trusted: places are masked, lengths compared
//! with what is there, so that a process gone wrong causes an error elsewhere
//! and nothing worse.

use crate::atomic::{AtomicU64, Ordering};
use crate::error::{Error, Result};

/// The bytes before an item that hold its length.
pub(crate) const LENGTH: usize = size_of::<u32>();
/// Items begin at multiples of this.
pub(crate) const WORD: usize = size_of::<u64>();

const CLOSED: u64 = 1 << 63;
const COUNT_BITS: u64 = 0x7fff_ffff;

/// How far one side has come: both numbers go round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Items since the beginning, of which 31 bits are kept.
    pub(crate) items: u32,
    /// Words since the beginning.
    pub(crate) words: u32,
    /// Whether nothing will be put any more.
    pub(crate) closed: bool,
}

impl Position {
    pub(crate) fn load(from: &AtomicU64) -> Position {
        let word = from.load(Ordering::Acquire);
        Position {
            items: (word >> 32 & COUNT_BITS) as u32,
            words: word as u32,
            closed: word & CLOSED != 0,
        }
    }

    /// Makes everything that was written before visible: the commit.
    pub(crate) fn store(self, to: &AtomicU64) {
        let closed = if self.closed { CLOSED } else { 0 };
        let items = u64::from(self.items) & COUNT_BITS;
        to.store(
            closed | items << 32 | u64::from(self.words),
            Ordering::Release,
        );
    }

    /// The position after `span` more.
    pub(crate) fn after(self, span: Span) -> Position {
        Position {
            items: self.items.wrapping_add(span.items) & COUNT_BITS as u32,
            words: self.words.wrapping_add(span.words),
            closed: self.closed,
        }
    }

    /// What lies between an earlier position and this one.
    pub(crate) fn since(self, earlier: Position) -> Span {
        Span {
            items: self.items.wrapping_sub(earlier.items) & COUNT_BITS as u32,
            words: self.words.wrapping_sub(earlier.words),
        }
    }
}

/// Some items that lie together, and the words that they take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) items: u32,
    pub(crate) words: u32,
}

impl Span {
    /// The items at the beginning of `framed` that fit into this span.
    pub(crate) fn fitting(self, framed: &[u8]) -> Span {
        let mut fitting = Span::default();
        for frame in frames(framed) {
            let words = fitting.words + (frame.len() / WORD) as u32;
            if fitting.items == self.items || words > self.words {
                break;
            }
            fitting.items += 1;
            fitting.words = words;
        }
        fitting
    }

    pub(crate) fn bytes(self) -> usize {
        self.words as usize * WORD
    }

    pub(crate) fn is_empty(self) -> bool {
        self.items == 0
    }
}

/// Appends an item to `framed`: `encode` appends its bytes.
pub(crate) fn frame(
    framed: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<usize> {
    let start = framed.len();
    framed.extend_from_slice(&[0; LENGTH]);
    let encoded = encode(framed);
    let length = framed.len() - start - LENGTH;
    match (encoded, u32::try_from(length)) {
        (Ok(()), Ok(prefix)) => {
            let prefix = prefix.to_le_bytes();
            framed[start..start + LENGTH].copy_from_slice(&prefix);
            framed.resize(framed.len().next_multiple_of(WORD), 0);
            Ok(length)
        }
        (result, _) => {
            framed.truncate(start);
            result.and(Err(Error::TooLarge {
                size: length,
                capacity: u32::MAX as usize,
            }))
        }
    }
}

/// The frames in `framed`, which this process has framed or checked.
pub(crate) fn frames(mut framed: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (frame, rest) = framed.split_at_checked(frame_length(framed)?)?;
        framed = rest;
        Some(frame)
    })
}

/// The item's bytes in a frame.
pub(crate) fn item(frame: &[u8]) -> &[u8] {
    let (prefix, bytes) = frame.split_at(LENGTH.min(frame.len()));
    let length = prefix.try_into().map_or(0, u32::from_le_bytes) as usize;
    &bytes[..length.min(bytes.len())]
}

/// The length of the first frame, with its prefix and padding.
fn frame_length(framed: &[u8]) -> Option<usize> {
    let prefix = framed.first_chunk::<LENGTH>()?;
    Some(words_of(u32::from_le_bytes(*prefix)) as usize * WORD)
}

/// How many words an item of `length` bytes takes up.
fn words_of(length: u32) -> u64 {
    (u64::from(length) + LENGTH as u64).div_ceil(WORD as u64)
}

/// The words of the ring: a power of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring<'a>(pub(crate) &'a [AtomicU64]);

impl Ring<'_> {
    /// Writes whole words; others do not look there until the commit.
    pub(crate) fn write(self, at: u32, framed: &[u8]) {
        let (first, second) = self.parts(at, framed.len() / WORD);
        let mut chunks = framed.chunks_exact(WORD);
        for (word, chunk) in first.iter().chain(second).zip(&mut chunks) {
            if let Ok(chunk) = chunk.try_into() {
                word.store(u64::from_le_bytes(chunk), Ordering::Relaxed);
            }
        }
    }

    /// Finds at most `limit` items of `there`, and checks their lengths.
    pub(crate) fn measure(self, at: u32, there: Span, limit: u32) -> Result<Span> {
        let mut span = Span::default();
        while span.items < limit.min(there.items) {
            let index = at.wrapping_add(span.words) as usize & (self.0.len() - 1);
            let length = self.0[index].load(Ordering::Relaxed) as u32;
            let words = u64::from(span.words) + words_of(length);
            if words > u64::from(there.words) {
                return Err(CORRUPT);
            }
            span.items += 1;
            span.words = words as u32;
        }
        Ok(span)
    }

    /// Reads whole words into `framed`.
    pub(crate) fn read(self, at: u32, framed: &mut [u8]) {
        let (first, second) = self.parts(at, framed.len() / WORD);
        let chunks = framed.chunks_exact_mut(WORD);
        for (word, chunk) in first.iter().chain(second).zip(chunks) {
            let word = word.load(Ordering::Relaxed);
            chunk.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// The `count` words from `at` on: up to the ring's end, and from its start.
    fn parts(&self, at: u32, count: usize) -> (&[AtomicU64], &[AtomicU64]) {
        let start = at as usize & (self.0.len() - 1);
        let count = count.min(self.0.len());
        let first = count.min(self.0.len() - start);
        (&self.0[start..start + first], &self.0[..count - first])
    }
}

/// The words of the ring do not make sense.
pub(crate) const CORRUPT: Error = Error::corrupt("a queue in order");

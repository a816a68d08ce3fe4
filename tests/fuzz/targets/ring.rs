//! The words of a queue's ring, and how far its two sides are: the library's own
//! file, which must find out that they do not go together.

#![no_main]

use std::sync::atomic::AtomicU64;

use libfuzzer_sys::fuzz_target;

/// What src/atomic.rs is to the library.
mod atomic {
    pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
}

/// As much of src/error.rs as that file needs.
mod error {
    pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

    #[derive(Debug)]
    #[expect(dead_code, reason = "nobody looks why")]
    pub(crate) enum Error {
        Corrupt,
        TooLarge { size: usize, capacity: usize },
    }

    impl Error {
        pub(crate) const fn corrupt(_: &'static str) -> Error {
            Error::Corrupt
        }
    }
}

#[path = "../../../src/queue/ring.rs"]
#[expect(dead_code, reason = "only what reads is called")]
mod ring;

fuzz_target!(|input: (Vec<u64>, u64, u64, u32)| {
    let (mut words, put, got, limit) = input;
    if words.is_empty() || words.len() > 1 << 12 {
        return;
    }
    words.resize(words.len().next_power_of_two(), 0);
    let words: Vec<AtomicU64> = words.into_iter().map(AtomicU64::new).collect();
    let ring = ring::Ring(&words);
    let put = ring::Position::load(&AtomicU64::new(put));
    let got = ring::Position::load(&AtomicU64::new(got));
    let there = put.since(got);
    // The queue has checked this before.
    if there.words as usize > words.len() || there.items > 1 << 30 {
        return;
    }
    if let Ok(span) = ring.measure(got.words, there, limit) {
        assert!(span.words <= there.words && span.items <= there.items.min(limit));
        let mut framed = vec![0; span.bytes()];
        ring.read(got.words, &mut framed);
        let items: Vec<&[u8]> = ring::frames(&framed).map(ring::item).collect();
        assert!(items.len() <= span.items as usize);
    }
});

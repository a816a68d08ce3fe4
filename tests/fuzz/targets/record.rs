//! What lies in the rings between a pool and its workers: the library's own file.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// As much of src/error.rs as that file needs.
mod error {
    pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

    #[derive(Debug)]
    pub(crate) struct Error;

    impl Error {
        pub(crate) const fn corrupt(_: &'static str) -> Error {
            Error
        }
    }
}

#[path = "../../../src/pool/record.rs"]
#[expect(dead_code, reason = "only what reads is called")]
mod record;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Some((header, bytes, after)) = record::Header::split(rest) {
        assert_eq!(header.length, bytes.len() as u64);
        assert!(after.len() < rest.len());
        if header.special {
            let _ = record::Functions::from_bytes(bytes);
        }
        rest = after;
    }
});

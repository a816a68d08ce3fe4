//! Values as bytes: the postcard format, appended to a buffer that is reused.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Lets postcard append to a buffer that belongs to the caller.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends `value` to `bytes`; when it fails, `bytes` is as it was before.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let before = bytes.len();
    postcard::serialize_with_flavor(value, Append(bytes)).map_err(|error| {
        bytes.truncate(before);
        Error::Encode {
            message: error.to_string(),
        }
    })
}

/// Reads a value that takes up all of `bytes`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let (value, rest) =
        postcard::take_from_bytes(bytes).map_err(|error| Error::Decode {
            message: error.to_string(),
        })?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(Error::Decode {
            message: format!("{} bytes too many", rest.len()),
        })
    }
}

/// Reads a value from the start of `bytes`, and returns what follows it.
pub(crate) fn decode_start<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    postcard::take_from_bytes(bytes).map_err(|error| Error::Decode {
        message: error.to_string(),
    })
}

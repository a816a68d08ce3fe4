//! Values as bytes: the postcard format, appended to a buffer that is reused.

use postcard::Deserializer;
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cause::{Noted, Noting, take_note};
use crate::error::{Error, Result};

/// Up to how many bytes are copied one by one. A number is a few bytes that were
/// just written one by one; to read them in larger pieces at once, as `memcpy`
/// does, the processor would first have to wait until they are in its cache.
pub(crate) const FEW: usize = 10;

/// Lets postcard append to a buffer that belongs to the caller.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline(always)]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline(always)]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() <= FEW {
            self.0.reserve(FEW);
            for byte in bytes {
                self.0.push(*byte);
            }
        } else {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends `value` to `bytes`; when it fails, `bytes` is as it was before.
#[inline(always)]
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let before = bytes.len();
    let value = Noting(value);
    if let Err(error) = postcard::serialize_with_flavor(&value, Append(bytes)) {
        bytes.truncate(before);
        let message = message(&error);
        return Err(Error::Encode { message });
    }
    Ok(())
}

/// Reads a value that takes up all of `bytes`.
#[inline(always)]
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let (value, rest) = decode_start(bytes)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(Error::Decode {
            message: format!("{} bytes too many", rest.len()),
        })
    }
}

/// Reads a value from the start of `bytes`, and returns what follows it.
#[inline(always)]
pub(crate) fn decode_start<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    let mut deserializer = Deserializer::from_bytes(bytes);
    let value = match T::deserialize(Noting(&mut deserializer)) {
        Ok(value) => value,
        Err(Noted(error)) => return Err(not_decoded(&error)),
    };
    match deserializer.finalize() {
        Ok(rest) => Ok((value, rest)),
        Err(error) => Err(not_decoded(&error)),
    }
}

#[cold]
fn not_decoded(error: &postcard::Error) -> Error {
    let message = message(error);
    Error::Decode { message }
}

/// What there is to say about an error.
#[cold]
fn message(error: &postcard::Error) -> String {
    // Also when it says nothing: a later error must not find it.
    let note = take_note();
    match error {
        postcard::Error::SerdeSerCustom | postcard::Error::SerdeDeCustom => {
            note.unwrap_or_else(|| error.to_string())
        }
        postcard::Error::WontImplement => {
            "the type needs a format that names its fields, as serde's \
             `untagged` does, and here bytes are all there is"
                .into()
        }
        postcard::Error::SerializeSeqLengthUnknown => {
            "the type does not tell beforehand how many parts it has, as with \
             serde's `flatten`, and here that comes first"
                .into()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::fmt::Debug;
    use std::io;
    use std::net::IpAddr;
    use std::num::NonZeroU8;
    use std::path::PathBuf;
    use std::time::Duration;

    use rustix::io::Errno;
    use serde::Deserialize;
    use serde::de::Error as _;

    use super::*;

    fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
        let mut bytes = vec![9];
        encode(value, &mut bytes).expect("can be written");
        assert_eq!(bytes.remove(0), 9);
        bytes
    }

    fn crosses<T>(value: &T)
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let bytes = encoded(value);
        assert_eq!(bytes, postcard::to_stdvec(value).expect("as postcard"));
        assert_eq!(&decode::<T>(&bytes).expect("can be read"), value);
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Many {
        small: (bool, i8, i16, i32, i64, i128),
        natural: (u8, u16, u32, u64, u128, char),
        real: [f64; 2],
        text: (String, Box<str>),
        map: BTreeMap<String, Option<Vec<u8>>>,
        unit: ((), Unit, Newtype),
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Unit;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Newtype(f32);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Unit,
        Newtype(Box<Kind>),
        Tuple(u8, String),
        Struct {
            first: Option<()>,
            second: Vec<Kind>,
        },
    }

    #[test]
    fn every_kind_of_value_crosses_in_postcards_format() {
        crosses(&Many::default());
        crosses(&Many {
            small: (true, -1, i16::MIN, 7, i64::MAX, i128::MIN),
            natural: (255, 1, u32::MAX, 1 << 40, u128::MAX, 'é'),
            real: [-0.5, f64::INFINITY],
            text: ("a\0b".into(), "".into()),
            map: [("x".to_string(), None), ("y".into(), Some(vec![1]))].into(),
            unit: ((), Unit, Newtype(1.5)),
        });
        crosses(&vec![
            Kind::Unit,
            Kind::Newtype(Box::new(Kind::Tuple(3, "three".into()))),
            Kind::Struct {
                first: Some(()),
                second: vec![Kind::Unit],
            },
        ]);
        crosses(&HashMap::from([((1, 'a'), Ok::<u8, String>(1))]));
        crosses(&(
            Duration::MAX,
            PathBuf::from("/tmp"),
            "::1".parse::<IpAddr>().ok(),
        ));
        crosses(&Error::Closed.to_string());
    }

    #[test]
    fn numbers_of_any_length_cross_in_postcards_format() {
        crosses(&0_u64);
        for bits in 0..64 {
            let power = 1_u64 << bits;
            crosses(&(power - 1, power, vec![power + 1]));
        }
        crosses(&(u64::MAX, usize::MAX, i64::MIN, u64::MAX / 3));
    }

    fn refusal<T: DeserializeOwned + Debug>(bytes: &[u8]) -> String {
        match decode::<T>(bytes) {
            Err(Error::Decode { message }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "u16")]
    struct Even(#[expect(dead_code, reason = "is read to be shown")] u16);

    impl TryFrom<u16> for Even {
        type Error = String;

        fn try_from(number: u16) -> Result<Even, String> {
            if number.is_multiple_of(2) {
                Ok(Even(number))
            } else {
                Err(format!("{number} is odd"))
            }
        }
    }

    #[test]
    fn a_type_that_refuses_bytes_is_quoted() {
        assert_eq!(refusal::<Even>(&encoded(&7_u16)), "7 is odd");
        // At any depth, in any kind of container.
        let bytes = encoded(&BTreeMap::from([(1_u8, Some(vec![(2_u16, 3_u16)]))]));
        type Nested = BTreeMap<u8, Option<Vec<(u16, Even)>>>;
        assert_eq!(refusal::<Nested>(&bytes), "3 is odd");
        assert_eq!(
            refusal::<NonZeroU8>(&[0]),
            "invalid value: integer `0`, expected a nonzero u8"
        );
        assert_eq!(
            refusal::<Kind>(&[4]),
            "invalid value: integer `4`, expected variant index 0 <= i < 4"
        );
        assert_eq!(refusal::<u8>(&[1, 2, 3]), "2 bytes too many");
    }

    #[test]
    fn an_error_without_words_is_not_given_those_of_another() {
        // Made and dropped: nothing failed because of it.
        let _ = Noted::<postcard::Error>::custom("made in vain");
        let end = postcard::Error::DeserializeUnexpectedEnd.to_string();
        assert_eq!(refusal::<(u8, u8)>(&[1]), end);
        assert_eq!(take_note(), None);
    }

    struct Refuses(&'static str);

    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(self.0))
        }
    }

    #[test]
    fn a_value_that_refuses_to_be_written_is_quoted() {
        let mut bytes = vec![1, 2];
        let value = [("a", Some(Refuses("not today")))];
        match encode(value.as_slice(), &mut bytes) {
            Err(Error::Encode { message }) => assert_eq!(message, "not today"),
            other => panic!("{other:?}"),
        }
        assert_eq!(bytes, [1, 2]);
    }

    #[test]
    fn a_type_that_needs_names_is_told_so() {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(untagged)]
        enum Untagged {
            Number(u8),
        }
        #[derive(Serialize)]
        struct Flat {
            #[serde(flatten)]
            rest: BTreeMap<String, u8>,
        }
        assert!(refusal::<Untagged>(&[1]).contains("`untagged`"));
        let rest = BTreeMap::new();
        let flat = encode(&Flat { rest }, &mut Vec::new());
        let text = flat.expect_err("is refused").to_string();
        assert!(text.contains("`flatten`"), "{text}");
    }

    #[test]
    fn a_sequence_of_unknown_length_is_called_that() {
        struct Even(u8);
        impl Serialize for Even {
            fn serialize<S: serde::Serializer>(
                &self,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                to.collect_seq((0..self.0).filter(|number| number % 2 == 0))
            }
        }
        let text = encode(&Even(9), &mut Vec::new()).expect_err("is refused");
        assert!(text.to_string().contains("how many parts"), "{text}");
    }

    #[test]
    fn an_error_crosses_whole() {
        let system = Error::io("map memory")(Errno::NOMEM);
        let text = Error::io("read")(io::Error::other("half a page"));
        let nested = Error::Item {
            index: 3,
            source: Box::new(Error::Zero {
                what: "workers".into(),
            }),
        };
        for error in [system, text, nested, Error::Closed] {
            let crossed: Error = decode(&encoded(&error)).expect("can be read");
            assert_eq!(format!("{crossed:?}"), format!("{error:?}"));
            assert_eq!(crossed.to_string(), error.to_string());
        }
    }
}

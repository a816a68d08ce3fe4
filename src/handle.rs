//! Descriptors that travel inside serde messages.
//!
//! A descriptor cannot be turned into bytes: the kernel must carry it beside
//! them (`SCM_RIGHTS`). So while a message is encoded, each [`Handle`] in it
//! puts its descriptor into the luggage of this thread and writes its place in
//! the luggage into the message; while a message is decoded, it takes it out
//! again. Where no luggage is open, encoding a handle fails.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread::LocalKey;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::codec;
use crate::error::{Error, Result};
use crate::identity::Identity;

thread_local! {
    static OUTGOING: RefCell<Vec<Handle>> = const { RefCell::new(Vec::new()) };
    static INCOMING: RefCell<Vec<Option<OwnedFd>>> = const { RefCell::new(Vec::new()) };
    /// Whether `OUTGOING` and `INCOMING` belong to a message that is under way.
    /// To ask these is cheap, which counts where a pool moves small tasks.
    static PACKING: Cell<bool> = const { Cell::new(false) };
    static UNPACKING: Cell<bool> = const { Cell::new(false) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
    static WISHES: RefCell<Vec<Wish>> = const { RefCell::new(Vec::new()) };
}

/// Takes what belongs to this thread's message. Nothing does while the thread is
/// ending: then values travel still, and handles do not.
fn take<T: Default>(own: &'static LocalKey<RefCell<T>>) -> T {
    own.try_with(RefCell::take).unwrap_or_default()
}

/// Gives this thread's message what belongs to it.
fn put<T>(own: &'static LocalKey<RefCell<T>>, value: T) {
    let _ = own.try_with(|own| own.replace(value));
}

/// Whether this thread is ending, so that it can send no handles.
pub(crate) fn thread_is_ending() -> bool {
    OUTGOING.try_with(|_| ()).is_err()
}

/// What something inside a message wants to do once it is known which process
/// the message is for, and before that process has it.
pub(crate) type Wish = Box<dyn FnOnce(Identity)>;

/// What belongs to a message beside its bytes.
pub(crate) struct Parcel {
    pub(crate) handles: Vec<Handle>,
    pub(crate) wishes: Vec<Wish>,
}

/// A descriptor that may stand anywhere inside a message.
///
/// Clones share the descriptor; the last one closes it.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Arc<OwnedFd>);

impl Handle {
    pub(crate) fn new(descriptor: OwnedFd) -> Handle {
        Handle(Arc::new(descriptor))
    }

    /// Gives the descriptor to somebody who closes it; a copy of it if clones
    /// of this handle are left.
    pub(crate) fn into_owned(self) -> Result<OwnedFd> {
        Arc::try_unwrap(self.0).or_else(|shared| {
            shared.try_clone().map_err(Error::io("copy a descriptor"))
        })
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = OUTGOING.try_with(|luggage| {
            if !PACKING.get() {
                return None;
            }
            let mut luggage = luggage.borrow_mut();
            luggage.push(self.clone());
            u32::try_from(luggage.len() - 1).ok()
        });
        match place {
            Ok(Some(place)) => serializer.serialize_u32(place),
            _ => {
                REFUSED.set(true);
                Err(S::Error::custom(Error::HandleCannotTravel))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = u32::deserialize(deserializer)? as usize;
        INCOMING
            .try_with(|luggage| luggage.borrow_mut().get_mut(place)?.take())
            .ok()
            .flatten()
            .map(Handle::new)
            .ok_or_else(|| D::Error::custom("a handle that did not arrive"))
    }
}

/// Puts the luggage of an outer message back, also when serde code panics.
struct Outer {
    packing: bool,
    luggage: Vec<Handle>,
    wishes: Vec<Wish>,
}

impl Outer {
    fn replace(packing: bool) -> Outer {
        Outer {
            packing: PACKING.replace(packing),
            luggage: take(&OUTGOING),
            wishes: take(&WISHES),
        }
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        PACKING.set(self.packing);
        put(&OUTGOING, std::mem::take(&mut self.luggage));
        put(&WISHES, std::mem::take(&mut self.wishes));
    }
}

/// Appends `value` to `bytes`; a handle inside it is an error.
///
/// When it fails, `bytes` is as it was before.
#[inline(always)]
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    // Mostly there is no outer message.
    let _outer = PACKING.get().then(|| Outer::replace(false));
    REFUSED.set(false);
    codec::encode(value, bytes).map_err(|error| {
        if REFUSED.get() {
            Error::HandleCannotTravel
        } else {
            error
        }
    })
}

/// Appends `value` to `bytes` and returns the handles found inside it.
pub(crate) fn encode_with_handles<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<Vec<Handle>> {
    encode_for_process(value, bytes).map(|parcel| parcel.handles)
}

/// The same for a process that is about to start: also returns what wants to
/// know that process.
pub(crate) fn encode_for_process<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<Parcel> {
    let _outer = Outer::replace(true);
    codec::encode(value, bytes)?;
    Ok(Parcel {
        handles: take(&OUTGOING),
        wishes: take(&WISHES),
    })
}

/// Called by what is being serialized: asks for the receiver of the message, of
/// which nobody may ever tell.
pub(crate) fn wish(wish: impl FnOnce(Identity) + 'static) {
    if PACKING.get() {
        let _ = WISHES.try_with(|wishes| wishes.borrow_mut().push(Box::new(wish)));
    }
}

/// Reads a value without handles.
#[inline(always)]
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if UNPACKING.get() {
        // Inside an outer message, whose handles are not this value's.
        decode_with_handles(bytes, Vec::new())
    } else {
        codec::decode(bytes)
    }
}

/// Reads a value whose handles are in `luggage`; what it does not use is closed.
pub(crate) fn decode_with_handles<T: DeserializeOwned>(
    bytes: &[u8],
    luggage: Vec<OwnedFd>,
) -> Result<T> {
    /// Closes what the message did not take, also when serde code panics.
    struct Unused {
        unpacking: bool,
        luggage: Vec<Option<OwnedFd>>,
    }
    impl Drop for Unused {
        fn drop(&mut self) {
            UNPACKING.set(self.unpacking);
            put(&INCOMING, std::mem::take(&mut self.luggage));
        }
    }
    let _unused = Unused {
        unpacking: UNPACKING.replace(true),
        luggage: take(&INCOMING),
    };
    put(&INCOMING, luggage.into_iter().map(Some).collect());
    codec::decode(bytes)
}

/// Reads a value without handles from the start of `bytes`; returns the rest too.
pub(crate) fn decode_start<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    codec::decode_start(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_travels_only_with_luggage() {
        let (reader, _writer) = rustix::pipe::pipe().expect("a pipe");
        let value = (7_u8, Handle::new(reader));
        let mut bytes = Vec::new();
        assert!(matches!(
            encode(&value, &mut bytes),
            Err(Error::HandleCannotTravel)
        ));
        assert!(bytes.is_empty());

        let handles = encode_with_handles(&value, &mut bytes).expect("encodes");
        assert_eq!(handles.len(), 1);
        let descriptor = handles[0].as_fd().try_clone_to_owned().expect("a copy");
        let (seven, _handle): (u8, Handle) =
            decode_with_handles(&bytes, vec![descriptor]).expect("decodes");
        assert_eq!(seven, 7);
        assert!(decode_with_handles::<(u8, Handle)>(&bytes, Vec::new()).is_err());
    }
}

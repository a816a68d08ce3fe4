//! Why serde refused a value, in the words of whoever refused it.
//!
//! postcard's errors hold no text: what a type says when it cannot be written
//! or read ("invalid value: integer `300`, expected u8") is dropped. So serde's
//! code is run with [`Noting`] wrapped around postcard, which hands on
//! everything but `u64`s, which it writes itself in postcard's form, and does
//! one thing more: when an error is made from a text, it keeps the
//! text. In a program that is optimised the wrapping costs nothing: its methods
//! are always inlined, as a compiler left to itself calls them where several types
//! use them, and hands each result over in memory.

mod reading;
mod writing;

use std::cell::Cell;
use std::fmt::{self, Display};

thread_local! {
    static NOTE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Wrapped around each thing that serde's code passes around while it writes or
/// reads a value.
pub(crate) struct Noting<T>(pub(crate) T);

/// An error whose text, if it was made from one, is noted.
#[derive(Debug)]
pub(crate) struct Noted<E>(pub(crate) E);

/// The text that the last error of this thread was made from. There is none while
/// the thread is ending.
pub(crate) fn take_note() -> Option<String> {
    NOTE.try_with(Cell::take).ok().flatten()
}

fn note(text: String) {
    let _ = NOTE.try_with(|note| note.set(Some(text)));
}

impl<E: serde::ser::Error> serde::ser::Error for Noted<E> {
    fn custom<T: Display>(text: T) -> Noted<E> {
        let text = text.to_string();
        let error = E::custom(&text);
        note(text);
        Noted(error)
    }
}

impl<E: serde::de::Error> serde::de::Error for Noted<E> {
    fn custom<T: Display>(text: T) -> Noted<E> {
        let text = text.to_string();
        let error = E::custom(&text);
        note(text);
        Noted(error)
    }
}

impl<E: Display> Display for Noted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: std::error::Error> std::error::Error for Noted<E> {}

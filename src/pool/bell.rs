//! A bell: one side sleeps until the other rings.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::EventfdFlags;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::handle::Handle;

/// An event descriptor. The kernel counts the rings, so none is ever missed:
/// who sleeps after a ring is woken at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bell(Handle);

impl Bell {
    pub(crate) fn new() -> Result<Bell> {
        let event = rustix::event::eventfd(
            0,
            EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK,
        )
        .map_err(Error::io("make an event descriptor"))?;
        Ok(Bell(Handle::new(event)))
    }

    /// Wakes whoever sleeps, now or next.
    pub(crate) fn ring(&self) {
        // Refused only when it has been rung 2^64 times and never been heard.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Forgets the rings so far; `false` when somebody has closed the descriptor.
    pub(crate) fn silence(&self) -> bool {
        loop {
            match rustix::io::read(&self.0, &mut [0_u8; 8]) {
                Err(Errno::INTR) => {}
                heard => return heard != Err(Errno::BADF),
            }
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

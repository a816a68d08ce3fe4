//! Processes, pools, queues, pipes and shared values.

mod codec;
mod error;
mod handle;
mod mapping;

pub use error::{Error, Result};

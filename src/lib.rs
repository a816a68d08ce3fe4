//! Processes, pools, queues, pipes and shared values.

mod atomic;
mod codec;
mod connection;
mod deadline;
mod error;
mod handle;
mod image;
mod lifeline;
mod mapping;
mod packet;
mod pool;
mod process;
mod worker;

pub use connection::{Connection, pipe, pipe_one_way, wait};
pub use error::{Error, Result};
pub use pool::{Pool, PoolBuilder, Task};
pub use process::{CurrentProcess, Process, ProcessBuilder, current_process};
pub use worker::init;

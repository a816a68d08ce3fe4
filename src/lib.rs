//! Processes, pools, queues, pipes and shared values.

mod array;
mod atomic;
mod codec;
mod connection;
mod deadline;
mod error;
mod handle;
mod identity;
mod image;
mod lifeline;
mod lock;
mod mapping;
mod packet;
mod pool;
mod process;
mod robust;
mod shared;
mod trace;
mod value;
mod waiting;
mod worker;

pub use array::{Array, ArrayGuard};
pub use connection::{Connection, pipe, pipe_one_way, wait};
pub use error::{Error, Result};
pub use lock::{Lock, LockError, LockGuard, LockResult, TryLockResult};
pub use pool::{Pool, PoolBuilder, Task};
pub use process::{CurrentProcess, Process, ProcessBuilder, current_process};
pub use value::{Integer, Value, ValueGuard};
pub use worker::init;

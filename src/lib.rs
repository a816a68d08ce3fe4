//! Processes, pools, queues, pipes and shared values.
//!
//! What Python's `multiprocessing` offers, for Rust: start a function in a
//! process of its own, map over a pool of processes, talk through queues and
//! pipes, share values, and survive what goes wrong. This library is the
//! workbook's: it is meant to be read.
//!
//! ```standalone_crate
//! fn square(number: i64) -> i64 {
//!     number * number
//! }
//!
//! fn main() -> multiproc::Result<()> {
//!     multiproc::init();
//!     let pool = multiproc::Pool::new(4)?;
//!     assert_eq!(pool.map(square, [1, 2, 3])?, [1, 4, 9]);
//!     Ok(())
//! }
//! ```
//!
//! # How a function gets into another process
//!
//! A thread shares its parent's memory, so a closure can simply be called there.
//! A process has a memory of its own. What goes into it must be sent:
//!
//! ```text
//!     parent                                     child
//!     spawn(square, 7)
//!      1  square lies 0x1a40 bytes into the
//!         program; 7 is the byte 0x0e
//!      2  makes a socket pair, writes both
//!         into it
//!      3  starts /proc/self/exe, its own ─────>  the same program begins its main
//!         program file, with one socket as    4  init() finds the request on its
//!         standard input                         standard input
//!                                             5  adds 0x1a40 to where *it* was
//!                                                loaded: the same function
//!                                             6  calls it with 7
//!      7  join() reads the result       <─────   sends 49, exits
//! ```
//!
//! Three rules of the library follow from this:
//!
//! - **`init()` is the first line of `main`.** Without it the child would run the
//!   whole program again. The parent refuses to start a child if `init` was not
//!   called ([`Error::NotInitialized`]).
//! - **A function is a `fn(A) -> R`.** A function is a place in the program. A
//!   closure that captures variables is more than that, and the compiler refuses
//!   it. What a function needs is its argument, or several as a tuple.
//! - **`A` and `R` are serde types.** They cross as bytes, so the child works on a
//!   copy. What is to be shared is put into a [`Value`] or an
//!   [`Array`]: handles, which cross as descriptors of the same memory.
//!
//! # What happens when a process dies
//!
//! Every wait of this library ends when the process it waits for is gone, and the
//! error says which process that was and what became of it. Every child ends with
//! its parent, however the parent ends. Nothing has a name in the file system, so
//! nothing is left there.
//!
//! # Which other processes are trusted
//!
//! All processes that share a handle run the same program for the same user. Bytes
//! that one of them sends are checked before they are used: wrong ones are an
//! error. A length that is claimed costs no memory before the bytes are there, but a
//! list of what takes up no bytes (`Vec<()>`) is as long as it says: do not receive
//! one. A process that shares *memory* can write anything there at any time:
//! then values are wrong, but no memory outside of the shared part is touched. The
//! exception are the words of a lock. They belong to the C library, which follows
//! pointers in them: a process that writes over those can crash the others.
//! A pool ends a worker whose words do not go together; one that only stops working
//! looks like one with a long task, and ends if tasks have a time limit.
//!
//! # What is not here
//!
//! - *Reentrant locks* (`RLock`). Rust's guards show in the types who holds a lock,
//!   so a function that needs it held takes the guard as a parameter. Locking
//!   again in the same thread is an error here, not a hang.
//! - *`Manager`*. A process that owns objects and serves them to others is a
//!   [`Process`] that loops over a [`Connection`]: the chapter on pipes builds one.
//! - *Other systems than Linux*. The library uses what Linux knows about processes
//!   (descriptors of processes, memory files, robust locks).
//!
//! # Layout
//!
//! Each row builds on those above it, and its files are short enough to be read at
//! once. How a function gets into another process and back is told by the first six
//! rows; after `mapping` and `shared`, each of the others can be read by itself. The
//! numbers are lines of code, without comments and tests.
//!
//! | module | what it is about | lines |
//! |---|---|---|
//! | `error` | what became of the other process | 230 |
//! | `cause` | why serde refused a value, in its own words | 410 |
//! | `codec`, `handle` | values as bytes, and descriptors beside them | 260 |
//! | `deadline`, `waiting` | waits with an end, and what a process waits in | 100 |
//! | `packet`, `connection` | messages that arrive whole or not at all | 390 |
//! | `image`, `lifeline`, `worker`, `process` | functions in other processes | 780 |
//! | `mapping`, `shared`, `atomic` | memory that several processes share | 250 |
//! | `identity`, `robust`, `lock` | who holds a lock, and that it died | 480 |
//! | `value`, `array` | plain data in shared memory | 480 |
//! | `futex`, `sleepers`, `queue` | sleeping until it changes; a bounded queue | 950 |
//! | `semaphore`, `event`, `condition`, `barrier` | waiting for each other | 640 |
//! | `pool` | many tasks, few processes | 2,910 |
//! | `trace` | a diary of a run, for pictures | 80 |

#[cfg(not(target_os = "linux"))]
compile_error!(
    "multiproc runs on Linux, and so on Windows inside WSL2: \
     on other systems use a Linux virtual machine or container"
);

mod array;
mod atomic;
mod barrier;
mod cause;
mod codec;
mod condition;
mod connection;
mod deadline;
mod error;
mod event;
mod futex;
mod handle;
mod identity;
mod image;
mod lifeline;
mod lock;
mod mapping;
mod packet;
mod pool;
mod process;
mod queue;
mod robust;
mod semaphore;
mod shared;
mod sleepers;
mod trace;
mod value;
mod waiting;
mod worker;

pub use array::{Array, ArrayGuard};
pub use barrier::Barrier;
pub use condition::{Condition, Guard};
pub use connection::{Connection, pipe, pipe_one_way, wait};
pub use error::{Error, Result};
pub use event::Event;
pub use lock::{Lock, LockError, LockGuard, LockResult, TryLockResult};
pub use pool::{Pool, PoolBuilder, Task};
pub use process::{CurrentProcess, Process, ProcessBuilder, current_process};
pub use queue::{Items, Queue};
pub use semaphore::{Permit, Semaphore};
pub use value::{Integer, Value, ValueGuard};
pub use worker::init;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    /// Adds up the lines of code below a folder, by module.
    fn count(
        folder: &Path,
        module: Option<&str>,
        lines: &mut BTreeMap<String, usize>,
    ) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy();
            let module = module.unwrap_or(&stem);
            if path.is_dir() {
                count(&path, Some(module), lines);
            } else if stem != "tests" {
                let text = fs::read_to_string(&path).expect("a text");
                *lines.entry(module.to_string()).or_default() +=
                    lines_of_code(&text);
            }
        }
    }

    /// How many lines are not blank, comments or tests.
    fn lines_of_code(text: &str) -> usize {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = code.lines().map(str::trim_start);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    }

    #[test]
    fn the_layout_names_each_module_and_its_size() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut lines = BTreeMap::new();
        count(&source, None, &mut lines);
        lines.remove("lib");
        let table = include_str!("lib.rs").lines();
        for row in table.filter(|line| line.starts_with("//! | `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let counted: usize = cells[1]
                .split(", ")
                .map(|name| lines.remove(name.trim_matches('`')).expect("a module"))
                .sum();
            let told: usize = cells[3].replace(',', "").parse().expect("a number");
            // It is rounded, and a few lines more are not worth another number.
            assert!(counted.abs_diff(told) <= 10 + told / 20, "{counted}: {row}");
        }
        assert_eq!(lines, BTreeMap::new(), "modules that are not in the table");
    }
}

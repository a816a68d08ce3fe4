//! The library from outside, and the faults it survives.
//!
//! This is what the test programs share. Each is a program of its own with a
//! `main` that begins with `multiproc::init()`, as a worker is the same program
//! started again; it speaks libtest's command line.

mod isolated;
pub mod soak;
pub mod system;

use std::error::Error;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use multiproc::Connection;

pub use isolated::{isolated, run_isolated, run_one_by_one};

/// How long a test waits for what must happen: long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a test returns, so that it can use `?`.
pub type Outcome = Result<(), Box<dyn Error>>;

/// A test's name and the test.
pub type Test = (&'static str, fn() -> Outcome);

/// Runs the tests that the command line asks for, and exits.
pub fn run(tests: &[Test]) -> ! {
    let trials = tests.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test().map_err(|error| error.to_string().into())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}

/// Receives a message that must come.
///
/// # Errors
///
/// When it does not come within [`PATIENCE`].
pub fn expect<T>(connection: &Connection) -> Result<T, Box<dyn Error>>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let message = connection.recv_timeout(PATIENCE)?;
    message.ok_or_else(|| "no message within 30 s".into())
}

/// Waits until this process is killed.
pub fn sleep_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

/// A small generator of pseudorandom numbers (splitmix64), the same for a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from `MULTIPROC_SEED`, or from a fixed seed, and prints it.
    pub fn for_test(name: &str) -> Random {
        let seed = std::env::var("MULTIPROC_SEED").ok();
        let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(1);
        eprintln!("{name}: MULTIPROC_SEED={seed}");
        Random::seeded(seed)
    }

    /// Starts from `seed`.
    pub fn seeded(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }
}

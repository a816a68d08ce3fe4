//! What both programs need: an end that all ranks reach.

use std::process::ExitCode;

use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Root};

/// The exit status after wrong arguments.
pub const WRONG_ARGUMENTS: u8 = 2;

/// Makes a panic on any rank the end of the whole job.
///
/// By itself MPI lets the other ranks wait for ever for what the dead one was to
/// send. `abort` asks the launcher to end them.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        let world = SimpleCommunicator::world();
        eprintln!("rank {} {info}", world.rank());
        world.abort(101);
    }));
}

/// Lets rank 0 decide for all whether to go on.
///
/// Rank 0 prints the error, if it has one, as one line. Every rank returns the
/// same answer, so that all of them end in the same way.
///
/// # Errors
///
/// The status to exit with, on every rank.
pub fn agree<T>(
    world: &SimpleCommunicator,
    outcome: Result<T, String>,
) -> Result<Option<T>, ExitCode> {
    let root = world.process_at_rank(0);
    let mut failed = world.rank() == 0 && outcome.is_err();
    root.broadcast_into(&mut failed);
    if !failed {
        return Ok(outcome.ok());
    }
    if let (0, Err(message)) = (world.rank(), outcome) {
        eprintln!("{message}");
    }
    Err(ExitCode::from(WRONG_ARGUMENTS))
}

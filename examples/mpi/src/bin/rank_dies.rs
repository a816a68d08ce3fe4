//! What becomes of an MPI job when one of its ranks dies.
//!
//! Chapter: Past one machine
//! Run: mpiexec -n 3 examples/mpi/target/debug/rank_dies panic
//!      mpiexec -n 3 examples/mpi/target/debug/rank_dies abort

use std::process::ExitCode;

use mpi::traits::{Communicator, CommunicatorCollectives};
use mpi_examples::{WRONG_ARGUMENTS, abort_on_panic};

fn main() -> ExitCode {
    let universe = mpi::initialize().expect("MPI starts only once");
    abort_on_panic();
    let world = universe.world();
    let word = std::env::args().nth(1);
    let how = word.as_deref().unwrap_or("panic");
    if !matches!(how, "panic" | "abort") {
        if world.rank() == 0 {
            eprintln!("rank_dies takes one word, panic or abort: not {how}");
        }
        return ExitCode::from(WRONG_ARGUMENTS);
    }

    // ANCHOR: dies
    if world.rank() == world.size() - 1 {
        match how {
            "panic" => panic!("this rank cannot go on"),
            // As if the system had killed it: nobody can say a word any more.
            _ => std::process::abort(),
        }
    }
    // The others wait here for one that will never come.
    world.barrier();
    // ANCHOR_END: dies
    println!("rank {} is through", world.rank());
    ExitCode::SUCCESS
}

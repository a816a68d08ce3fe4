//! The squares of some numbers, computed by all ranks of an MPI job.
//!
//! Chapter: Past one machine
//! Run: cargo build --manifest-path examples/mpi/Cargo.toml
//!      mpiexec -n 4 examples/mpi/target/debug/pool_map 1 2 3 4 5

use std::process::ExitCode;

use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use mpi_examples::{abort_on_panic, agree};

fn main() -> ExitCode {
    let universe = mpi::initialize().expect("MPI starts only once");
    abort_on_panic();
    match run(&universe.world()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => status,
    }
}

fn run(world: &SimpleCommunicator) -> Result<(), ExitCode> {
    // Every rank gets the same command line; rank 0 alone looks at it.
    let numbers = agree(world, arguments())?.unwrap_or_default();
    let squares = map(world, square, &numbers);
    if let Some(squares) = agree(world, squares)?
        && world.rank() == 0
    {
        println!("{squares:?}");
    }
    Ok(())
}

fn square(number: i64) -> Option<i64> {
    number.checked_mul(number)
}

// ANCHOR: scatter
/// Maps `function` over the `items` of rank 0; the results arrive there, in order.
fn map(
    world: &SimpleCommunicator,
    function: fn(i64) -> Option<i64>,
    items: &[i64],
) -> Result<Vec<i64>, String> {
    let root = world.process_at_rank(0);
    let mut length = items.len();
    root.broadcast_into(&mut length);
    let (counts, starts) = shares(length, world.size());
    let mut mine = vec![0; counts[world.rank() as usize] as usize];
    let mut results = vec![0; if world.rank() == 0 { length } else { 0 }];

    // Scatter: rank 0 sends each rank its share, and keeps its own.
    if world.rank() == 0 {
        let items = Partition::new(items, &counts[..], &starts[..]);
        root.scatter_varcount_into_root(&items, &mut mine[..]);
    } else {
        root.scatter_varcount_into(&mut mine[..]);
    }

    // ANCHOR_END: scatter
    // ANCHOR: compute
    // Compute, and let all ranks learn of the first item without a result.
    let first = starts[world.rank() as usize] as usize;
    let mut failed = length;
    for (place, item) in mine.iter_mut().enumerate() {
        match function(*item) {
            Some(result) => *item = result,
            None => failed = failed.min(first + place),
        }
    }
    let mut first_failed = length;
    world.all_reduce_into(&failed, &mut first_failed, SystemOperation::min());

    // ANCHOR_END: compute
    // ANCHOR: gather
    // Gather: the shares come back in the order of the ranks.
    if world.rank() == 0 {
        let mut results = PartitionMut::new(&mut results[..], counts, starts);
        root.gather_varcount_into_root(&mine[..], &mut results);
    } else {
        root.gather_varcount_into(&mine[..]);
    }
    match items.get(first_failed) {
        Some(item) => Err(format!("the square of {item} does not fit into 64 bits")),
        None => Ok(results),
    }
}
// ANCHOR_END: gather

/// How many items each rank gets, and where its share begins: as equal as can
/// be, with fewer items than ranks too.
fn shares(length: usize, ranks: i32) -> (Vec<i32>, Vec<i32>) {
    let (length, ranks) = (length as i32, ranks.max(1));
    let start =
        |rank: i32| (i64::from(length) * i64::from(rank) / i64::from(ranks)) as i32;
    (0..ranks)
        .map(|rank| (start(rank + 1) - start(rank), start(rank)))
        .unzip()
}

/// The numbers on the command line, or those from 1 to 5.
fn arguments() -> Result<Vec<i64>, String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        return Ok((1..=5).collect());
    }
    let number = |word: &String| {
        word.parse()
            .map_err(|_| format!("not a whole number of 64 bits: {word}"))
    };
    words.iter().map(number).collect()
}

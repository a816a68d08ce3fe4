//! Bytes and memory from a process gone wrong: an error, and nothing worse.
//!
//! Everything here is drawn from `MULTIPROC_SEED`, which is printed; the same
//! seed does the same again. More rounds: `MULTIPROC_ROUNDS=20` does twenty
//! times as many. Where coverage shall guide the bytes: see `tests/fuzz`.

use tests::{Test, isolated, run_isolated};

#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/messages.rs"]
mod messages;
#[path = "hostile/objects.rs"]
mod objects;
#[path = "hostile/workers.rs"]
mod workers;

const TESTS: &[Test] = tests::list![
    messages::of_random_bytes,
    messages::that_were_changed_on_the_way,
    messages::that_claim_any_length,
    messages::packets_with_any_descriptors,
    messages::memory_that_claims_to_be_something,
    objects::a_queue_that_somebody_writes_over,
    objects::primitives_that_somebody_writes_over,
    objects::values_that_somebody_writes_over,
    workers::that_write_over_what_they_share,
    workers::that_move_one_word,
    workers::that_hide_that_they_sleep,
    workers::that_deny_that_they_started,
    workers::that_answer_nonsense,
];

#[global_allocator]
static ALLOCATOR: memory::Measured = memory::Measured;

fn main() {
    multiproc::init();
    run_isolated(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

/// So many rounds, or as many times more as the environment says.
fn rounds(usual: u64) -> u64 {
    let times = std::env::var("MULTIPROC_ROUNDS").ok();
    usual * times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

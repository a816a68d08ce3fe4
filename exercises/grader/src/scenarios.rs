//! What is done with the answers to each exercise: one file for each.
//!
//! # Layout
//!
//! - `common`: what several scenarios do
//! - `team`: what is judged about a team of workers
//! - one module for each exercise, named after it

mod capstone_duplicates;
mod common;
mod failure_half_written;
mod failure_report;
mod failure_retry;
mod large_share;
mod pipe_big_message;
mod pipe_echo;
mod pipe_fair_server;
mod pipe_hang_up;
mod pool_checksums;
mod pool_from_parts;
mod pool_order;
mod pool_survivor;
mod process_deadline;
mod process_exit_status;
mod process_reap;
mod process_square;
mod queue_credits;
mod queue_drain;
mod queue_merge;
mod queue_workers;
mod shared_counter;
mod shared_transfer;
mod sync_repair;
mod team;

use crate::attempt::Attempt;

/// A scenario runs the answer, as often as it likes, and fills in the sheet.
pub type Scenario = fn(&mut Attempt<'_>);

/// The scenario of an exercise.
#[must_use]
pub fn scenario(exercise: &str) -> Option<Scenario> {
    Some(match exercise {
        "process_square" => process_square::judge,
        "process_exit_status" => process_exit_status::judge,
        "process_deadline" => process_deadline::judge,
        "process_reap" => process_reap::judge,
        "pool_checksums" => pool_checksums::judge,
        "pool_order" => pool_order::judge,
        "pool_survivor" => pool_survivor::judge,
        "queue_merge" => queue_merge::judge,
        "queue_drain" => queue_drain::judge,
        "queue_workers" => queue_workers::judge,
        "pipe_echo" => pipe_echo::judge,
        "pipe_hang_up" => pipe_hang_up::judge,
        "pipe_big_message" => pipe_big_message::judge,
        "queue_credits" => queue_credits::judge,
        "pipe_fair_server" => pipe_fair_server::judge,
        "pool_from_parts" => pool_from_parts::judge,
        "shared_counter" => shared_counter::judge,
        "shared_transfer" => shared_transfer::judge,
        "sync_repair" => sync_repair::judge,
        "large_share" => large_share::judge,
        "failure_report" => failure_report::judge,
        "failure_retry" => failure_retry::judge,
        "failure_half_written" => failure_half_written::judge,
        "capstone_duplicates" => capstone_duplicates::judge,
        _ => return None,
    })
}

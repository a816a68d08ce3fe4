//! Pool: what it promises when all goes well, and what when nothing does.

use multiproc::Error;
use tests::{Test, isolated, run_isolated};

#[path = "pool/cancels.rs"]
mod cancels;
#[path = "pool/deaths.rs"]
mod deaths;
#[path = "pool/ends.rs"]
mod ends;
#[path = "pool/inputs.rs"]
mod inputs;
#[path = "pool/maps.rs"]
mod maps;
#[path = "pool/payloads.rs"]
mod payloads;
#[path = "pool/stops.rs"]
mod stops;
#[path = "pool/threads.rs"]
mod threads;
#[path = "pool/work.rs"]
mod work;
#[path = "pool/workers.rs"]
mod workers;

const TESTS: &[Test] = tests::list![
    maps::results_keep_the_order,
    maps::nothing_maps_to_nothing,
    maps::chunks_change_nothing,
    maps::zero_is_refused,
    maps::a_lazy_map_is_in_order_and_ends,
    maps::an_unordered_map_loses_and_doubles_nothing,
    maps::a_closure_without_captures,
    maps::the_first_failure_by_position_is_told,
    maps::single_tasks,
    inputs::an_endless_input_is_not_drained,
    inputs::a_long_input_takes_no_more_memory,
    inputs::an_input_may_wait_for_an_earlier_task,
    inputs::an_input_may_wait_while_another_thread_leads,
    inputs::an_input_that_panics,
    inputs::an_item_that_panics_when_it_is_written,
    inputs::an_iterator_can_be_dropped_half_way,
    inputs::an_iterator_outlives_its_pool,
    inputs::a_lazy_map_begins_small,
    inputs::a_lazy_map_keeps_pace_with_its_reader,
    inputs::maps_of_slow_tasks_read_no_further_than_needed,
    inputs::an_input_that_uses_the_pool,
    workers::there_are_never_more_than_were_set,
    workers::an_idle_worker_is_used_again,
    workers::as_many_tasks_run_at_once_as_there_are_workers,
    workers::there_may_be_any_number,
    workers::each_runs_its_share_of_tasks,
    workers::a_worker_with_its_share_done_loses_nothing,
    workers::each_calls_the_initializer,
    workers::an_initializer_that_panics_breaks_the_pool,
    workers::an_initializer_that_exits_breaks_the_pool,
    workers::a_program_that_dies_at_its_start_breaks_the_pool,
    workers::a_broken_pool_can_recover,
    workers::workers_that_cannot_start_do_not_stop_others,
    workers::a_pool_inside_a_worker,
    workers::a_process_inside_a_worker,
    payloads::of_any_size,
    payloads::many_large_ones,
    payloads::large_and_small_mixed,
    payloads::that_serde_refuses,
    payloads::that_cannot_be_read,
    payloads::results_that_panic_when_they_are_read,
    payloads::handles_are_refused_with_advice,
    payloads::a_bad_one_costs_only_itself,
    deaths::a_busy_worker_is_killed,
    deaths::an_idle_worker_is_killed,
    deaths::every_kind_of_death_is_told,
    deaths::a_panic_costs_no_worker,
    deaths::all_workers_at_once,
    deaths::again_and_again,
    deaths::while_a_large_task_is_sent,
    deaths::while_a_large_result_comes,
    deaths::a_grandchild_keeps_everything_open,
    deaths::a_copy_of_a_worker_does_no_work,
    deaths::standard_output_can_be_closed,
    deaths::a_task_that_closes_all_descriptors_costs_its_worker,
    deaths::a_crash_after_close_was_called,
    stops::a_stopped_worker_that_is_idle_holds_up_nobody,
    stops::another_worker_is_started_beside_a_stopped_one,
    stops::tasks_behind_a_stopped_worker_go_to_others,
    stops::a_stopped_worker_runs_into_its_timeout,
    stops::a_worker_stopped_before_it_starts_is_replaced,
    stops::a_stopped_worker_goes_on,
    stops::a_stopped_idle_worker_can_be_closed,
    stops::a_stopped_worker_can_be_terminated,
    cancels::a_timeout_costs_only_its_task,
    cancels::a_worker_that_ignores_sigterm_times_out,
    cancels::a_timeout_never_hits_a_task_in_time,
    cancels::a_waiting_task_is_cancelled,
    cancels::a_running_task_is_cancelled,
    cancels::a_task_that_is_done_stays_done,
    cancels::a_cancel_never_hits_another_task,
    cancels::thousands_behind_a_busy_worker_are_cancelled,
    cancels::a_wait_for_one_task_can_be_retried,
    cancels::a_task_that_nobody_waits_for_runs,
    ends::close_finishes_what_is_queued,
    ends::close_waits_for_no_endless_input,
    ends::terminate_cancels_what_is_queued,
    ends::dropping_ends_busy_workers,
    ends::a_task_outlives_its_pool,
    ends::the_parent_is_killed_and_workers_idle,
    ends::the_parent_is_killed_and_workers_are_busy,
    ends::the_parent_is_killed_and_workers_are_stopped,
    ends::the_parent_is_killed_and_there_are_nested_pools,
    ends::ctrl_c_during_a_map,
    ends::ctrl_c_to_a_program_that_cleans_up,
    ends::many_pools_one_after_another,
    threads::submit_cancel_and_map,
    threads::share_one_pool_for_maps,
    threads::describe_a_pool_and_hold_up_nobody,
    threads::end_while_others_wait,
    threads::use_a_pool_as_their_last,
];

fn main() {
    if work::is_to_die_at_start() {
        std::process::exit(9);
    }
    multiproc::init();
    if ends::is_to_map_for_ever() {
        return ends::map_for_ever();
    }
    if ends::is_to_clean_up() {
        return ends::clean_up();
    }
    run_isolated(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

/// The pool says that this very task's worker was killed by this signal.
fn was_killed<R>(result: &Result<R, Error>, expected: i32) -> bool {
    matches!(result, Err(Error::Killed { signal, .. }) if *signal == expected)
}

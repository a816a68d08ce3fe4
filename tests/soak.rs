//! One short turn of the soak: see `cargo soak` for long ones.

use tests::soak::record::Record;
use tests::soak::{
    Part, coordination, locks, parents, pipes, pool, queue, run, signals,
};
use tests::{Outcome, Random, Test, isolated, run_isolated};

const TESTS: &[Test] = tests::list![
    a_pool_whose_workers_are_killed,
    a_queue_whose_users_are_killed,
    talkers_that_are_killed,
    holders_of_locks_that_are_killed,
    those_who_wait_for_each_other_that_are_killed,
    parents_that_are_killed,
    programs_that_are_told_to_end,
    the_tables_in_the_book_are_those_of_the_records,
];

fn main() {
    multiproc::init();
    signals::play_part();
    run_isolated(TESTS, by_name)
}

fn by_name(name: String) -> Result<(), String> {
    isolated(TESTS, &name)
}

fn once(name: &str, part: Part, size: u64) -> Outcome {
    let counts = run(part, &mut Random::for_test(name), size)?;
    eprintln!("{name}: {counts}");
    Ok(())
}

fn a_pool_whose_workers_are_killed() -> Outcome {
    once("pool", pool::soak, 100_000)
}

fn a_queue_whose_users_are_killed() -> Outcome {
    once("queue", queue::soak, 400)
}

fn talkers_that_are_killed() -> Outcome {
    once("pipes", pipes::soak, 60)
}

fn holders_of_locks_that_are_killed() -> Outcome {
    once("locks", locks::soak, 300)
}

fn those_who_wait_for_each_other_that_are_killed() -> Outcome {
    once("coordination", coordination::soak, 100)
}

fn parents_that_are_killed() -> Outcome {
    once("parents", parents::soak, 20)
}

fn programs_that_are_told_to_end() -> Outcome {
    once("signals", signals::soak, 20)
}

fn the_tables_in_the_book_are_those_of_the_records() -> Outcome {
    let (record, table) = Record::read("long")?;
    assert_eq!(record.table(), table);
    assert!(record.seconds >= 1_000, "that is no long run");

    let (record, table) = Record::read("instructions")?;
    assert_eq!(record.table(), table);
    for part in record.parts {
        let of = |wanted: &str| {
            let count = part.counts.iter().find(|(what, _)| what == wanted);
            count.map(|(_, count)| *count)
        };
        let tried = of("of them in the first two rounds of a loop");
        assert!(tried.is_some() && tried == of("kills"), "{}", part.name);
    }
    Ok(())
}

//! The examples: each against its transcript, each Python twin against its example.
//!
//! `cargo test -p tests --test examples` checks; with `UPDATE_OUTPUT=1` before it,
//! the transcripts in `examples/output/` are recorded anew. Names are found in the
//! folders: a new example needs a transcript, and no list has to be kept.

#[path = "examples/arguments.rs"]
mod arguments;
#[path = "examples/build.rs"]
mod build;
#[path = "examples/killed.rs"]
mod killed;
#[path = "examples/logs.rs"]
mod logs;
#[path = "examples/normal.rs"]
mod normal;
#[path = "examples/run.rs"]
mod run;
#[path = "examples/shutdown.rs"]
mod shutdown;
#[path = "examples/trace.rs"]
mod trace;
#[path = "examples/transcript.rs"]
mod transcript;
#[path = "examples/twin.rs"]
mod twin;
#[path = "examples/word_count.rs"]
mod word_count;

use libtest_mimic::{Arguments, Trial};

type Outcome = Result<(), String>;

fn main() {
    tests::system::stop_ignoring();
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for name in build::examples() {
        trials.push(trial("transcript", name.clone(), transcript::check));
        trials.push(trial("killed_child", name.clone(), killed::child));
        trials.push(trial("killed_parent", name, killed::parent));
    }
    for name in twin::names() {
        trials.push(trial("twin", name, twin::check));
    }
    trials.extend(arguments::trials());
    trials.extend(logs::trials());
    trials.extend(shutdown::trials());
    trials.extend(trace::trials());
    trials.extend(word_count::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(kind: &str, name: String, check: fn(&str) -> Outcome) -> Trial {
    Trial::test(format!("{kind}::{name}"), move || Ok(check(&name)?))
}

/// A test that is a function: `group` and `name` are what the runner lists.
fn named(group: &str, name: &str, check: fn() -> Outcome) -> Trial {
    Trial::test(format!("{group}::{name}"), move || Ok(check()?))
}

/// Says what was expected and what came instead.
fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Outcome {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: found {found:?}, expected {expected:?}")),
    }
}

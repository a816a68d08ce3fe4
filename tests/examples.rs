//! The examples: each against its transcript, each Python twin against its example.
//!
//! `cargo test -p tests --test examples` checks; with `UPDATE_OUTPUT=1` before it,
//! the transcripts in `examples/output/` are recorded anew. Names are found in the
//! folders: a new example needs a transcript, and no list has to be kept.

#[path = "examples/build.rs"]
mod build;
#[path = "examples/normal.rs"]
mod normal;
#[path = "examples/run.rs"]
mod run;
#[path = "examples/transcript.rs"]
mod transcript;
#[path = "examples/twin.rs"]
mod twin;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for name in build::examples() {
        trials.push(trial("transcript", name, transcript::check));
    }
    for name in twin::names() {
        trials.push(trial("twin", name, twin::check));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(kind: &str, name: String, check: fn(&str) -> Result<(), String>) -> Trial {
    Trial::test(format!("{kind}::{name}"), move || Ok(check(&name)?))
}

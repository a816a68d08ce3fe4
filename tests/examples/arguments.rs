//! `pool_map` with numbers of one's own, and with what is not one.

use crate::build::program;
use crate::run::{Finished, run};
use crate::{Outcome, named, same};
use libtest_mimic::Trial;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        named("pool_map", "squares_its_arguments", squares),
        named("pool_map", "refuses_what_is_no_number", no_number),
        named("pool_map", "refuses_a_square_that_overflows", overflow),
        named("pool_map", "tells_what_caused_a_failure", cause),
    ]
}

fn pool_map(words: &[&OsStr]) -> Result<Finished, String> {
    run(Command::new(program("pool_map")?).args(words))
}

fn squares() -> Outcome {
    for (words, printed) in [
        (&["3", "4"][..], "[9, 16]\n"),
        (&["-3"], "[9]\n"),
        (&["0", "+7"], "[0, 49]\n"),
        (&["3037000499"], "[9223372030926249001]\n"),
    ] {
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        let finished = pool_map(&words)?;
        same("status", finished.status.code(), Some(0))?;
        same("output", finished.stdout.as_str(), printed)?;
        same("errors", finished.stderr.as_str(), "")?;
    }
    Ok(())
}

fn no_number() -> Outcome {
    let bytes = OsString::from_vec(b"\xff3".to_vec());
    let words = ["x", "", "3.5", "3x", "0x10", "9223372036854775808"];
    let words = words.iter().map(OsStr::new).chain([bytes.as_os_str()]);
    for word in words {
        refused(&[OsStr::new("3"), word], &format!("{word:?}"))?;
    }
    Ok(())
}

fn overflow() -> Outcome {
    for word in ["4000000000", "-3037000500", "-9223372036854775808"] {
        refused(&[OsStr::new(word), OsStr::new("2")], word)?;
    }
    Ok(())
}

/// No worker can be started, and the way out is told.
fn cause() -> Outcome {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -n 12; exec "$0""#]);
    let finished = run(shell.arg(program("pool_map")?))?;
    same("status", finished.status.code(), Some(2))?;
    same("lines of errors", finished.stderr.lines().count(), 1)?;
    let is_told = finished.stderr.contains("ulimit -n");
    same("the advice", is_told, true)
}

/// Nothing on standard output, one line that names the word, exit status 2.
fn refused(words: &[&OsStr], named: &str) -> Outcome {
    let finished = pool_map(words)?;
    same("status", finished.status.code(), Some(2))?;
    same("output", finished.stdout.as_str(), "")?;
    same("lines of errors", finished.stderr.lines().count(), 1)?;
    match finished.stderr.contains(named) {
        true => Ok(()),
        false => Err(format!("{named} is not named: {}", finished.stderr)),
    }
}

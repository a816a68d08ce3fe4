//! A kill after every instruction of each operation: the test `kill_at` in its
//! complete form.

use std::env;
use std::process::Command;
use std::time::Instant;

use super::record::Record;
use crate::Outcome;

/// The variable that asks `kill_at` for its complete form.
pub const EVERY_INSTRUCTION: &str = "MULTIPROC_EVERY_INSTRUCTION";

/// Runs `kill_at` for each operation that `words` name, or for all of them, and
/// prints at how many instructions each was killed. With `--record`, it leaves
/// the figures in `tests/soak`.
///
/// # Errors
///
/// When an operation is unknown or does not stand its kills, after all others
/// were tried; or when cargo cannot be started.
pub fn soak(words: &[String]) -> Outcome {
    let all = operations()?;
    let is_recorded = words.iter().any(|word| word == "--record");
    let words = words.iter().filter(|word| *word != "--record");
    let mut names: Vec<String> = words.cloned().collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        let all = all.join(", ");
        return Err(format!("there is no {unknown}, but there are: {all}").into());
    }
    if names.is_empty() {
        names = all;
    } else if is_recorded {
        return Err("only a run of all operations can be recorded".into());
    }
    let begin = Instant::now();
    let mut parts = Vec::new();
    let mut failed = Vec::new();
    for name in names {
        let begin = Instant::now();
        let output = kill_at()
            .args(["--exact", &name])
            .env(EVERY_INSTRUCTION, "1")
            .output()?;
        let time = begin.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        match counts(&name, &said) {
            Some((line, counts)) if output.status.success() => {
                println!("{name}: {line}; {:.1} s", time.as_secs_f64());
                parts.push((name, time, counts));
            }
            _ => {
                let result = String::from_utf8_lossy(&output.stdout);
                println!("{name}: {}\n{said}{result}", output.status);
                failed.push(name);
            }
        }
    }
    let time = begin.elapsed();
    println!("{} operations in {:.1} s", parts.len(), time.as_secs_f64());
    if !failed.is_empty() {
        return Err(format!("not as it should be: {}", failed.join(", ")).into());
    }
    if is_recorded {
        let command = "cargo soak -- instructions --record".to_string();
        let mut record = Record::new(command, 1, 1, time);
        for (name, time, counts) in parts {
            record.add(&name, time, counts);
        }
        record.write("instructions")?;
    }
    Ok(())
}

/// The command that runs the test, for what is said after it.
fn kill_at() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet", "--release", "--package", "tests"]);
    command.args(["--test", "kill_at", "--"]);
    command
}

/// The names of all operations, as the test lists them.
fn operations() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let output = kill_at().arg("--list").output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let list = String::from_utf8_lossy(&output.stdout);
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_string).collect())
}

/// What the test has counted, as it says it, and number by number.
fn counts<'a>(name: &str, said: &'a str) -> Option<(&'a str, Vec<(String, u64)>)> {
    let line = said.lines().find_map(|line| {
        let line = line.strip_prefix(name)?.strip_prefix(": ")?;
        line.starts_with(|first: char| first.is_ascii_digit())
            .then_some(line)
    })?;
    let counts = line.split(", ").map(|count| {
        let (number, what) = count.split_once(' ')?;
        Some((what.to_string(), number.parse().ok()?))
    });
    Some((line, counts.collect::<Option<_>>()?))
}

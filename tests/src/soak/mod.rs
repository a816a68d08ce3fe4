//! Kills at random moments, for as long as wanted.
//!
//! `cargo soak` runs all parts again and again; the test `soak` runs each once.
//! A seed gives the same tasks and the same kinds of kills in the same order;
//! at which instruction a kill meets a worker is up to the machine.

pub mod coordination;
pub mod grader;
pub mod instructions;
pub mod locks;
pub mod parents;
pub mod pipes;
pub mod pool;
pub mod queue;
pub mod record;
pub mod signals;

use std::fmt;
use std::time::Duration;

use multiproc::wait;
use rustix::process::set_child_subreaper;

use crate::system::Watched;
use crate::{Outcome, PATIENCE, Random, system};

/// What a part has done, counted.
#[derive(Clone, Debug, Default)]
pub struct Counts(Vec<(&'static str, u64)>);

impl Counts {
    /// Adds to what is counted under a name.
    pub fn add(&mut self, name: &'static str, more: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += more,
            None => self.0.push((name, more)),
        }
    }

    /// Adds all that was counted elsewhere.
    pub fn add_all(&mut self, other: &Counts) {
        for (name, count) in &other.0 {
            self.add(name, *count);
        }
    }

    /// All counts with their names, to keep.
    pub fn to_vec(&self) -> Vec<(String, u64)> {
        let counts = self.0.iter();
        counts
            .map(|(name, count)| (name.to_string(), *count))
            .collect()
    }

    /// What was counted under a name.
    pub fn of(&self, name: &str) -> u64 {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or(0, |(_, count)| *count)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (name, count)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {name}")?;
        }
        Ok(())
    }
}

/// Something that can be done again and again: `size` says how much of it.
pub type Part =
    fn(&mut Random, size: u64) -> Result<Counts, Box<dyn std::error::Error>>;

/// Runs a part once, and checks that it leaves nothing behind: no child, no
/// descendant, no descriptor.
///
/// # Errors
///
/// What the part said, or what it left.
pub fn run(
    part: Part,
    random: &mut Random,
    size: u64,
) -> Result<Counts, Box<dyn std::error::Error>> {
    set_child_subreaper(Some(rustix::process::getpid()))?;
    let before = system::descriptors();
    let counts = part(random, size)?;
    expect_no_children()?;
    let after = system::descriptors();
    if before != after {
        return Err(format!("descriptors: {before:#?}, then {after:#?}").into());
    }
    Ok(counts)
}

/// Waits until no process is left below this one.
///
/// # Errors
///
/// When one of them still runs [`PATIENCE`] after it was looked at.
pub fn expect_no_children() -> Outcome {
    let own_id = std::process::id();
    loop {
        match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            Err(rustix::io::Errno::CHILD) => return Ok(()),
            Ok(None) => {}
            _ => continue,
        }
        // All have to end, so it does not matter which one is waited for.
        let mut children = system::children(own_id).into_iter();
        if let Some(child) = children.find_map(Watched::child)
            && wait(&[&child], Some(PATIENCE))?.is_empty()
        {
            let tree = system::tree(own_id);
            return Err(format!("still there:\n{tree}").into());
        }
    }
}

/// Lets a random time pass: not a wait for something, but a moment to choose.
pub fn pass_time(random: &mut Random, most: Duration) {
    let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    std::thread::sleep(Duration::from_micros(random.below(most + 1)));
}

/// Checks that whoever is said to have died was killed.
fn expect_killed(killed: &[u32], pid: u32) -> Outcome {
    if killed.contains(&pid) {
        Ok(())
    } else {
        Err(format!("{pid} is blamed, and was not killed").into())
    }
}

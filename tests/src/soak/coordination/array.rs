//! Killed while they hold a part of an array, wait for one, or give one back.

use std::time::Duration;

use multiproc::{Array, Connection, LockError};

use super::{Failure, Member, kill_all};
use crate::soak::{Counts, expect_killed, pass_time};
use crate::{PATIENCE, Random};

/// How many want parts of the array.
const TEAM: u64 = 3;
/// How many pairs of numbers the array has; both numbers of a pair are the same,
/// but in the middle of a change.
const PAIRS: u64 = 16;
/// How many pairs a part has at most.
const LONGEST: u64 = 5;

/// Changes random parts of the array for ever.
fn change(((pairs, seed), parent): ((Array<u64>, u64), Connection)) {
    let mut random = Random::seeded(seed);
    loop {
        let start = random.below(PAIRS) as usize;
        let end = (start + 1 + random.below(LONGEST) as usize).min(PAIRS as usize);
        match pairs.lock_range(2 * start..2 * end) {
            Ok(mut part) => {
                for pair in part.chunks_exact_mut(2) {
                    assert_eq!(pair[0], pair[1], "half a change, no warning");
                    pair[0] += 1;
                    // Time for a kill.
                    std::thread::yield_now();
                    pair[1] += 1;
                }
            }
            Err(LockError::Poisoned { guard, .. }) => {
                // A part is not enough to put all in order.
                drop(guard);
                if let Some(pid) = put_in_order(&pairs).expect("no half change") {
                    parent.send(&pid).expect("the parent listens");
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Takes the whole array, and puts it in order if somebody died; says who.
fn put_in_order(pairs: &Array<u64>) -> Result<Option<u32>, Failure> {
    match pairs.lock_timeout(PATIENCE) {
        Ok(Some(all)) => {
            if all.chunks_exact(2).all(|pair| pair[0] == pair[1]) {
                return Ok(None);
            }
            Err(format!("{:?} without a warning", &all[..]).into())
        }
        Ok(None) => Err("a part is held for ever".into()),
        Err(LockError::Poisoned { mut guard, pid }) => {
            for pair in guard.chunks_exact_mut(2) {
                pair[1] = pair[0];
            }
            guard.mark_repaired();
            Ok(Some(pid))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn soak(
    random: &mut Random,
    kills: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let pairs = Array::new(2 * PAIRS as usize)?;
    let start = |seed| Member::start(change, (pairs.clone(), seed));
    let mut team = Vec::new();
    for _ in 0..TEAM {
        team.push(start(random.number())?);
    }
    let mut killed = Vec::new();
    let mut warnings = 0;
    for _ in 0..kills {
        pass_time(random, Duration::from_millis(3));
        let mut victim = team.swap_remove(random.below(TEAM) as usize);
        killed.push(victim.kill()?);
        if let Some(pid) = put_in_order(&pairs)? {
            expect_killed(&killed, pid)?;
            warnings += 1;
        }
        warnings += victim.expect_warnings_of(&killed)?;
        for member in &team {
            warnings += member.expect_warnings_of(&killed)?;
        }
        team.push(start(random.number())?);
        counts.add("kills", 1);
    }
    warnings += kill_all(team, &mut killed)?;
    if let Some(pid) = put_in_order(&pairs)? {
        expect_killed(&killed, pid)?;
        warnings += 1;
    }
    let changes = pairs.to_vec()?.iter().step_by(2).sum();
    counts.add("changes of parts of arrays", changes);
    counts.add("holders that died", warnings);
    Ok(())
}

//! Killed on the way to a barrier, at it, and on the way from it.

use std::time::Duration;

use multiproc::{Barrier, Connection, Error, Value};

use super::{Failure, Member, kill_all};
use crate::soak::{Counts, pass_time};
use crate::{PATIENCE, Random, expect};

/// How many meet at the barrier.
const PARTIES: usize = 3;

/// Meets the others until the barrier breaks; waits for a word from the parent
/// before it begins, and tells it how the first round ended, and the last.
fn meet(((barrier, rounds), parent): ((Barrier, Value<u64>), Connection)) {
    while parent.recv::<()>().is_ok() {
        let mut outcome = barrier.wait();
        parent.send(&outcome).expect("the parent listens");
        while let Ok(place) = outcome {
            rounds.fetch_add(u64::from(place == 0));
            outcome = barrier.wait();
        }
        parent.send(&outcome).expect("the parent listens");
    }
}

/// All meet once, each in a place of its own.
fn expect_to_meet(team: &[Member]) -> Result<(), Failure> {
    for member in team {
        member.connection.send(&())?;
    }
    let mut places = Vec::new();
    for member in team {
        places.push(expect::<Result<usize, Error>>(&member.connection)??);
    }
    places.sort_unstable();
    if !places.iter().copied().eq(0..PARTIES) {
        return Err(format!("they met in places {places:?}").into());
    }
    Ok(())
}

/// The wait has ended, as that process has died.
fn expect_broken(waited: Result<usize, Error>, dead: u32) -> Result<(), Failure> {
    match waited {
        Err(Error::BarrierBroken { pid: Some(pid) }) if pid == dead => Ok(()),
        other => Err(format!("{dead} died, and a wait: {other:?}").into()),
    }
}

pub(super) fn soak(
    random: &mut Random,
    kills: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let (barrier, rounds) = (Barrier::new(PARTIES)?, Value::new(0)?);
    let start = || Member::start(meet, (barrier.clone(), rounds.clone()));
    let mut team = Vec::new();
    for _ in 0..PARTIES {
        team.push(start()?);
    }
    expect_to_meet(&team)?;
    for _ in 0..kills {
        pass_time(random, Duration::from_millis(3));
        let victim = random.below(PARTIES as u64) as usize;
        let dead = team.swap_remove(victim).kill()?;
        for member in &team {
            expect_broken(expect(&member.connection)?, dead)?;
        }
        // Who comes later is told as well, until it is reset.
        expect_broken(barrier.wait_timeout(PATIENCE), dead)?;
        barrier.reset();
        team.push(start()?);
        expect_to_meet(&team)?;
        counts.add("kills", 1);
        counts.add("barriers that broke and met again", 1);
    }
    kill_all(team, &mut Vec::new())?;
    counts.add("rounds at barriers", rounds.load());
    Ok(())
}

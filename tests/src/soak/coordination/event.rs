//! Killed while they wait for an event, and while they set it.

use std::time::Duration;

use multiproc::{Connection, Event};

use super::{Failure, Member, kill_all};
use crate::soak::{Counts, pass_time};
use crate::{Random, expect};

/// How many wait for the event.
const TEAM: u64 = 3;

/// Waits for the event in each round; whoever is told so sets it before.
fn wait_for((event, parent): (Event, Connection)) {
    parent.send(&()).expect("the parent listens");
    while let Ok(sets) = parent.recv::<bool>() {
        if sets {
            event.set();
        }
        event.wait();
        parent.send(&()).expect("the parent listens");
    }
}

fn start(event: &Event) -> Result<Member, Failure> {
    let member = Member::start(wait_for, event.clone())?;
    expect::<()>(&member.connection)?;
    Ok(member)
}

pub(super) fn soak(
    random: &mut Random,
    kills: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let event = Event::new()?;
    let mut team = Vec::new();
    for _ in 0..TEAM {
        team.push(start(&event)?);
    }
    for _ in 0..kills {
        event.clear();
        let victim = random.below(TEAM) as usize;
        // Every other time it is the victim that sets it, or is about to.
        let setter = match random.below(2) {
            0 => victim,
            _ => random.below(TEAM) as usize,
        };
        for (number, member) in team.iter().enumerate() {
            member.connection.send(&(number == setter))?;
        }
        pass_time(random, Duration::from_micros(40));
        team.swap_remove(victim).kill()?;
        if setter == victim && !event.is_set() {
            event.set();
            counts.add("events that the dead had not set", 1);
        }
        for member in &team {
            expect::<()>(&member.connection)?;
            counts.add("waits for events that ended", 1);
        }
        if !event.is_set() {
            return Err("an event is not set any more".into());
        }
        team.push(start(&event)?);
        counts.add("kills", 1);
    }
    kill_all(team, &mut Vec::new())?;
    Ok(())
}

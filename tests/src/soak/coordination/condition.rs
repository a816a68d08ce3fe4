//! Killed under a lock, while waiting for a change of what it protects, and
//! between a change and the word of it.

use std::time::Duration;

use multiproc::{Condition, Connection, LockError, LockResult, Value, ValueGuard};
use serde::{Deserialize, Serialize};

use super::{Failure, Member, kill_all};
use crate::soak::{Counts, expect_killed, pass_time};
use crate::{PATIENCE, Random};

/// How many make things, and how many use them.
const EACH: u64 = 2;
/// How many things can wait for a user: with one, each notification matters.
const ROOM: u64 = 1;
/// How many things must be used after each kill.
const PROGRESS: u64 = 10;

/// What is shared: how many things were made, how many used, and the sum of
/// both, which is one too small in the middle of a change.
#[derive(Clone, Serialize, Deserialize)]
struct Store {
    things: Value<[u64; 3]>,
    made: Condition,
    used: Condition,
}

type Things<'a> = ValueGuard<'a, [u64; 3]>;

/// Takes what was locked, and puts it right if somebody died under the lock;
/// says who.
fn in_order(
    locked: LockResult<Things<'_>>,
) -> Result<(Things<'_>, Option<u32>), Failure> {
    match locked {
        Ok(things) if things[0] + things[1] == things[2] => Ok((things, None)),
        Ok(things) => Err(format!("{:?} without a warning", *things).into()),
        Err(LockError::Poisoned { mut guard, pid }) => {
            guard[2] = guard[0] + guard[1];
            guard.mark_repaired();
            Ok((guard, Some(pid)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The same in a worker, which tells the parent of each warning.
fn take<'a>(locked: LockResult<Things<'a>>, parent: &Connection) -> Things<'a> {
    let (things, warning) = in_order(locked).expect("no half change");
    if let Some(pid) = warning {
        parent.send(&pid).expect("the parent listens");
    }
    things
}

/// Makes things or uses them.
fn work(((store, makes), parent): ((Store, bool), Connection)) {
    let waits = |things: &mut [u64; 3]| match makes {
        true => things[0] - things[1] == ROOM,
        false => things[0] == things[1],
    };
    let changed = if makes { &store.used } else { &store.made };
    loop {
        let things = take(store.things.lock(), &parent);
        let mut things = take(changed.wait_while(things, waits), &parent);
        // A wait that ends with a warning has not looked.
        if waits(&mut things) {
            continue;
        }
        things[usize::from(!makes)] += 1;
        // Time for a kill; also between the change and the word of it.
        std::thread::yield_now();
        things[2] += 1;
        drop(things);
        std::thread::yield_now();
        if makes {
            store.made.notify_one();
        } else {
            store.used.notify_all();
        }
    }
}

/// Waits as the others do: the survivors must go on, without the dead. Returns
/// how many warnings there were.
fn expect_progress(store: &Store, killed: &[u32]) -> Result<u64, Failure> {
    let mut warnings = 0;
    let mut take = |locked| {
        let (things, warning) = in_order(locked)?;
        if let Some(pid) = warning {
            expect_killed(killed, pid)?;
            warnings += 1;
        }
        Ok::<_, Failure>(things)
    };
    let mut things = take(store.things.lock())?;
    let enough = things[1] + PROGRESS;
    while things[1] < enough {
        let waits = |things: &mut [u64; 3]| things[1] < enough;
        let waited = store.used.wait_while_timeout(things, waits, PATIENCE);
        things = match waited {
            Ok((_, false)) => return Err("nobody makes or uses a thing".into()),
            Ok((things, true)) => take(Ok(things))?,
            Err(error) => take(Err(error))?,
        };
    }
    drop(things);
    Ok(warnings)
}

pub(super) fn soak(
    random: &mut Random,
    kills: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let store = Store {
        things: Value::new([0; 3])?,
        made: Condition::new()?,
        used: Condition::new()?,
    };
    let start = |makes| Member::start(work, (store.clone(), makes));
    let (mut makers, mut users) = (Vec::new(), Vec::new());
    for _ in 0..EACH {
        makers.push(start(true)?);
        users.push(start(false)?);
    }
    let mut killed = Vec::new();
    let mut warnings = 0;
    for _ in 0..kills {
        pass_time(random, Duration::from_millis(3));
        let makes = random.below(2) == 0;
        let team = if makes { &mut makers } else { &mut users };
        let mut victim = team.swap_remove(random.below(EACH) as usize);
        killed.push(victim.kill()?);
        warnings += expect_progress(&store, &killed)?;
        warnings += victim.expect_warnings_of(&killed)?;
        for member in makers.iter().chain(&users) {
            warnings += member.expect_warnings_of(&killed)?;
        }
        let team = if makes { &mut makers } else { &mut users };
        team.push(start(makes)?);
        counts.add("kills", 1);
    }
    makers.append(&mut users);
    warnings += kill_all(makers, &mut killed)?;
    let (things, warning) = in_order(store.things.lock())?;
    counts.add("things made and used", things[1]);
    counts.add("holders that died", warnings + u64::from(warning.is_some()));
    Ok(())
}

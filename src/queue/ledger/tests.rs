//! Entries that are given out, given up and given to others.

use std::sync::Mutex;
use std::thread;

use super::*;
use crate::identity::own_pid;
use crate::shared::{Memory, Shared, State};

// SAFETY: it is `repr(C)` and all of it is atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl State for Ledger {
    type Tail = ();
    const KIND: [u8; 8] = *b"test   2";
}

fn ledger() -> Shared<Ledger> {
    Shared::new([0, 0]).expect("there is memory")
}

fn take(ledger: &Memory<Ledger>, consumer: u32, items: u32, last: u32) -> Intent {
    let intent = Intent {
        consumer,
        items,
        last,
    };
    ledger.intend(intent);
    intent
}

#[test]
fn what_is_entered_can_be_done() {
    let ledger = ledger();
    let own = ledger.register(0).expect("there is a place");
    assert_eq!(ledger.register(5).expect("it is known"), own);
    assert!(ledger.mark_done(own).is_err());
    let intent = take(&ledger, own, 2, 2);
    ledger.enter(intent);
    assert_eq!(ledger.unfinished(), 2);
    assert!(!ledger.mark_done(own).expect("one of two"));
    assert!(ledger.mark_done(own).expect("the last"));
    assert!(ledger.mark_done(own).is_err());
    assert!(ledger.write_off().is_ok());
}

/// The entry is finished once, however often that is tried, and only if
/// `got` had moved.
#[test]
fn a_death_in_between_is_repaired() {
    let ledger = ledger();
    let own = ledger.register(0).expect("there is a place");
    take(&ledger, own, 3, 3);
    ledger.repair(0);
    assert_eq!(ledger.unfinished(), 0);
    ledger.repair(3);
    ledger.repair(3);
    assert_eq!(ledger.unfinished(), 3);
    let intent = take(&ledger, own, 1, 4);
    ledger.enter(intent);
    ledger.repair(4);
    assert_eq!(ledger.unfinished(), 4);
}

/// Whoever has taken an item can mark it, whatever another thread takes and
/// marks meanwhile.
#[test]
fn threads_of_one_consumer_mark_their_own() {
    const ROUNDS: u32 = 500_000;
    let ledger = ledger();
    let own = ledger.register(0).expect("there is a place");
    let position = Mutex::new(0);
    let work = || {
        for _ in 0..ROUNDS {
            let mut last = position.lock().expect("nobody has panicked");
            *last += 1;
            ledger.enter(take(&ledger, own, 1, *last));
            drop(last);
            ledger.mark_done(own).expect("it was taken");
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(ledger.unfinished(), 0);
    assert!(ledger.mark_done(own).is_err());
}

/// The identity of a process that started with the machine and is gone.
fn dead(pid: u32) -> u64 {
    1 << 22 | u64::from(pid)
}

/// Makes this process's entry another's.
fn rename(ledger: &Memory<Ledger>, consumer: u32, identity: u64) {
    let entry = &ledger.consumers[consumer as usize];
    entry.identity.store(identity, Ordering::SeqCst);
}

fn loss(ledger: &Memory<Ledger>) -> Option<(u32, u64)> {
    match ledger.write_off() {
        Ok(()) => None,
        Err(Error::Lost { pid, count }) => Some((pid, count)),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn entries_of_the_dead_are_used_again() {
    const TURNS: u32 = 2 * CONSUMERS as u32 + 9;
    let ledger = ledger();
    for turn in 1..=TURNS {
        let consumer = ledger.register(turn - 1).expect("there is a place");
        ledger.enter(take(&ledger, consumer, 1, turn));
        rename(&ledger, consumer, dead(turn));
    }
    let own = ledger.register(TURNS).expect("there is a place");
    ledger.enter(take(&ledger, own, 1, TURNS + 1));
    assert_eq!(ledger.unfinished(), u64::from(TURNS) + 1);
    let (pid, count) = loss(&ledger).expect("all but one are lost");
    assert!((1..=TURNS).contains(&pid), "{pid}");
    assert_eq!(count, u64::from(TURNS));
    assert_eq!(loss(&ledger), None);
    assert!(ledger.mark_done(own).expect("it was taken"));
    assert_eq!(ledger.unfinished(), 0);
}

#[test]
fn entries_of_the_living_are_not() {
    let ledger = ledger();
    for _ in 0..CONSUMERS {
        let consumer = ledger.register(0).expect("there is a place");
        // This process, as one that could not read its start time: it lives.
        rename(&ledger, consumer, u64::from(own_pid()));
    }
    let refused = ledger.register(0);
    assert!(matches!(refused, Err(Error::TooManyConsumers { .. })));
    rename(&ledger, 7, dead(1));
    assert_eq!(ledger.register(0).expect("one has died"), 7);
}

/// Whoever gives up an entry can die before, within and after.
#[test]
fn a_death_while_giving_up_is_repaired() {
    let ledger = ledger();
    for (last, repairs) in [(3, 1), (6, 2), (9, 0)] {
        let own = ledger.register(last - 3).expect("there is a place");
        ledger.enter(take(&ledger, own, 3, last));
        rename(&ledger, own, dead(last));
        ledger.repair(last);
        assert_eq!(ledger.unfinished(), 3);
        if repairs > 0 {
            ledger.begin_giving_up(own as usize);
        }
        for _ in 0..repairs {
            ledger.repair(last);
            assert_eq!(ledger.unfinished(), 3);
        }
        assert_eq!(loss(&ledger), Some((last, 3)));
        assert_eq!(loss(&ledger), None);
        assert_eq!(ledger.unfinished(), 0);
    }
}

/// A death between the steps of `register` leaves an entry that counts for
/// nothing and can be used.
#[test]
fn a_half_prepared_entry_is_nobodys() {
    let ledger = ledger();
    let own = ledger.register(0).expect("there is a place");
    ledger.enter(take(&ledger, own, 1, 1));
    ledger.mark_done(own).expect("it was taken");
    rename(&ledger, own, 0);
    let entry = &ledger.consumers[own as usize];
    entry.set_taken(Taken { items: 0, last: 1 });
    assert_eq!(ledger.unfinished(), 0);
    assert_eq!(loss(&ledger), None);
    assert!(entry.can_be_reused());
}

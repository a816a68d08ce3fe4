//! A place where processes wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::time::ClockId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::handle;
use crate::identity::{Identity, own_pid};
use crate::robust::LOOK_AGAIN;
use crate::shared::{Memory, Shared, Sizes, State};
use crate::sleepers::Sleepers;
use crate::trace;

/// Lets a number of parties go on once all of them have come.
///
/// It can be used again and again. If one of them cannot come any more, the
/// barrier is broken: all who wait, and all who come later, get
/// [`Error::BarrierBroken`] until somebody calls [`reset`](Barrier::reset).
/// That happens
///
/// - when a process that was handed the barrier, or has waited at it, dies or
///   panics before it has dropped its last handle (Python's barrier waits for
///   ever); it is handed the barrier with its arguments, however early it dies,
///   or when it receives it by a connection or a pool's initializer, and not
///   before;
/// - when a party's time is up, and at [`abort`](Barrier::abort).
///
/// ```text
///     worker 1        worker 2        worker 3
///     wait()          │               │
///     │               │               wait()
///     │               wait()          │
///     Ok(0)           Ok(2)           Ok(1)
/// ```
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Barrier, Process, Result};
///
/// fn meet(barrier: Barrier) -> Result<usize> {
///     barrier.wait()
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let barrier = Barrier::new(3)?;
///     let one = Process::spawn(meet, barrier.clone())?;
///     let two = Process::spawn(meet, barrier.clone())?;
///     let mut places = [barrier.wait()?, one.join()??, two.join()??];
///     places.sort();
///     assert_eq!(places, [0, 1, 2]);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Barrier(Arc<Member>);

/// This process as one that others count on.
#[derive(Debug)]
struct Member {
    meeting: Shared<Meeting>,
    /// Its place in the list of members; [`Member::NONE`] while it has none.
    place: AtomicU32,
}

/// The round that is under way; the list of members follows.
#[repr(C, align(64))]
struct Meeting {
    round: AtomicU64,
    /// Who is to blame for the break; 0 for a timeout or `abort`.
    broken_by: AtomicU32,
    /// When somebody last looked for the dead, in milliseconds.
    looked: AtomicU64,
    sleepers: Sleepers,
}

/// The most parties there can be.
const MOST: usize = 0xffff;
/// Set in the entry of a process that was handed the barrier and has not read
/// its arguments yet.
const EXPECTED: u64 = 1 << 63;
/// Places for members beside one for each party: who only passes a barrier on
/// is one, too.
const SPARE_PLACES: usize = 1024;

// SAFETY: all of it is `repr(C)` and atomic.
#[expect(unsafe_code, reason = "promises that the layout suits shared memory")]
unsafe impl State for Meeting {
    type Tail = AtomicU64;
    const KIND: [u8; 8] = *b"barrier1";

    fn tail_length([parties, _]: Sizes) -> Option<usize> {
        let parties = usize::try_from(parties).ok()?;
        (1..=MOST)
            .contains(&parties)
            .then_some(parties + SPARE_PLACES)
    }
}

/// The state of the barrier, as one word: every change is one instruction, so
/// that a death cannot leave half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Round {
    /// Counts the rounds that have ended.
    number: u32,
    /// How many parties wait.
    arrived: u16,
    /// How the last 15 rounds ended, the last one in the lowest bit: 1 means
    /// that not all had come.
    failures: u16,
    broken: bool,
}

impl Round {
    fn from_word(word: u64) -> Round {
        Round {
            number: (word >> 32) as u32,
            arrived: (word >> 16) as u16,
            failures: (word >> 1) as u16 & 0x7fff,
            broken: word & 1 == 1,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.number) << 32
            | u64::from(self.arrived) << 16
            | u64::from(self.failures & 0x7fff) << 1
            | u64::from(self.broken)
    }

    /// The next round.
    fn ended(self, failed: bool, broken: bool) -> Round {
        Round {
            number: self.number.wrapping_add(1),
            arrived: 0,
            failures: self.failures << 1 | u16::from(failed),
            broken,
        }
    }

    /// How the round `number` ended; `None` while it is under way. A round so
    /// long ago that nobody knows counts as failed.
    fn outcome_of(self, number: u32) -> Option<bool> {
        match self.number.wrapping_sub(number) {
            0 => None,
            ago @ 1..=15 => Some(self.failures >> (ago - 1) & 1 == 0),
            _ => Some(false),
        }
    }
}

impl Barrier {
    /// Makes a barrier for `parties` parties.
    ///
    /// # Errors
    ///
    /// [`Error::Zero`]; [`Error::Io`] when the system has no memory or
    /// descriptor for it, or there are more than 65,535 parties.
    pub fn new(parties: usize) -> Result<Barrier> {
        Error::check_not_zero(parties, "parties")?;
        let meeting = Shared::new([parties as u64, 0])?;
        Ok(Barrier(Arc::new(Member::new(meeting))))
    }

    /// Waits until all parties have come; returns how many came before.
    ///
    /// # Errors
    ///
    /// [`Error::BarrierBroken`], with the party that died, if one did.
    pub fn wait(&self) -> Result<usize> {
        self.wait_until(Deadline::NEVER)
    }

    /// Waits at most `timeout` for the others.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Barrier::wait). When time is up, the barrier is broken,
    /// as it is in Python.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize> {
        self.wait_until(Deadline::after(timeout))
    }

    /// Breaks the barrier: all who wait get an error.
    pub fn abort(&self) {
        self.0.meeting.break_by(0, |_| true);
    }

    /// Begins anew: all who wait get an error, and who died is forgotten.
    pub fn reset(&self) {
        let meeting = &self.0.meeting;
        for place in meeting.tail() {
            let word = place.load(Ordering::SeqCst);
            if member(word).is_some_and(Identity::is_dead) {
                exchange(place, word, 0);
            }
        }
        meeting.change(|round| Some(round.ended(true, false)));
        meeting.sleepers.wake_all();
    }

    /// How many parties there are.
    pub fn parties(&self) -> usize {
        self.0.meeting.sizes()[0] as usize
    }

    /// How many of them wait at this moment.
    #[doc(alias = "n_waiting")]
    pub fn waiting(&self) -> usize {
        usize::from(self.0.meeting.round().arrived)
    }

    /// Whether the barrier is broken.
    pub fn is_broken(&self) -> bool {
        self.0.meeting.round().broken
    }

    fn wait_until(&self, deadline: Deadline) -> Result<usize> {
        let _span = trace::span("wait", "barrier");
        self.0.register();
        let meeting = &self.0.meeting;
        let parties = self.parties();
        let before = meeting.change(|round| {
            let place = usize::from(round.arrived) + 1;
            match () {
                () if round.broken => None,
                () if place < parties => Some(Round {
                    arrived: round.arrived + 1,
                    ..round
                }),
                () => Some(round.ended(false, false)),
            }
        });
        let Some(before) = before else {
            return Err(meeting.broken());
        };
        let place = usize::from(before.arrived);
        if place + 1 >= parties {
            meeting.sleepers.wake_all();
            return Ok(place);
        }
        meeting.others_come(before.number, deadline).map(|()| place)
    }
}

impl Memory<Meeting> {
    fn round(&self) -> Round {
        Round::from_word(self.round.load(Ordering::SeqCst))
    }

    /// Replaces the round by what `next` makes of it, and returns the one
    /// before; `None` when `next` wants no change.
    fn change(&self, next: impl Fn(Round) -> Option<Round>) -> Option<Round> {
        let change = |word| next(Round::from_word(word)).map(Round::word);
        let changed =
            self.round
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, change);
        changed.ok().map(Round::from_word)
    }

    /// Waits for the end of a round at which this thread has arrived.
    fn others_come(&self, number: u32, deadline: Deadline) -> Result<()> {
        let has_ended = || self.round().number != number;
        let mut first = true;
        loop {
            self.sleepers.look_or_sleep(
                c"in a barrier",
                &mut first,
                deadline,
                has_ended,
            );
            match self.round().outcome_of(number) {
                Some(true) => return Ok(()),
                Some(false) => return Err(self.broken()),
                None if deadline.is_over() => {
                    self.break_by(0, |round| round.number == number);
                }
                None => {
                    if self.is_time_to_look()
                        && let Some(dead) = self.dead_member()
                    {
                        self.break_by(dead, |round| round.number == number);
                    }
                }
            }
        }
    }

    /// Whether to look for the dead now. One does for all: hundreds that each look
    /// at all the others would do nothing else.
    fn is_time_to_look(&self) -> bool {
        let now = rustix::time::clock_gettime(ClockId::Monotonic);
        let now = (now.tv_sec * 1000 + now.tv_nsec / 1_000_000) as u64;
        let before = self.looked.load(Ordering::SeqCst);
        let pause = now.wrapping_sub(before);
        u128::from(pause) >= LOOK_AGAIN.as_millis()
            && exchange(&self.looked, before, now)
    }

    fn dead_member(&self) -> Option<u32> {
        self.tail()
            .iter()
            .filter_map(|place| member(place.load(Ordering::SeqCst)))
            .find(|member| member.is_dead())
            .map(Identity::pid)
    }

    /// Enters a process that is about to be handed the barrier: it may die before
    /// it can do that itself.
    fn expect(&self, process: Identity) {
        let word = process.word() | EXPECTED;
        self.tail().iter().find(|place| exchange(place, 0, word));
    }

    /// Breaks the barrier if it is not broken and the round is the one meant.
    fn break_by(&self, pid: u32, is_meant: impl Fn(Round) -> bool) {
        let breaks = |round: Round| !round.broken && is_meant(round);
        if breaks(self.round()) {
            self.broken_by.store(pid, Ordering::SeqCst);
            self.change(|round| breaks(round).then(|| round.ended(true, true)));
            self.sleepers.wake_all();
        }
    }

    fn broken(&self) -> Error {
        let pid = self.broken_by.load(Ordering::SeqCst);
        Error::BarrierBroken {
            pid: (self.round().broken && pid != 0).then_some(pid),
        }
    }
}

impl Member {
    const NONE: u32 = u32::MAX;

    fn new(meeting: Shared<Meeting>) -> Member {
        Member {
            meeting,
            place: AtomicU32::new(Member::NONE),
        }
    }

    /// Enters this process into the list, so that others notice its death.
    fn register(&self) {
        if self.place.load(Ordering::SeqCst) != Member::NONE {
            return;
        }
        let own = Identity::own().word();
        let mut places = self.meeting.tail().iter();
        let index = places
            .position(|place| exchange(place, own | EXPECTED, own))
            .or_else(|| {
                let mut places = self.meeting.tail().iter();
                places.position(|place| exchange(place, 0, own))
            });
        if let Some(index) = index {
            let before = self.place.swap(index as u32, Ordering::SeqCst);
            self.leave(before);
        }
    }

    fn leave(&self, place: u32) {
        if let Some(place) = self.meeting.tail().get(place as usize) {
            place.store(0, Ordering::SeqCst);
        }
    }
}

/// The process that an entry is about.
fn member(word: u64) -> Option<Identity> {
    Identity::from_word(word & !EXPECTED)
}

/// Whether an entry was `before`; then it is `after` now.
fn exchange(place: &AtomicU64, before: u64, after: u64) -> bool {
    let exchanged =
        place.compare_exchange(before, after, Ordering::SeqCst, Ordering::SeqCst);
    exchanged.is_ok()
}

impl Drop for Member {
    /// Takes this process off the list; when it panics, the others are told
    /// that it will not come.
    fn drop(&mut self) {
        let place = *self.place.get_mut();
        if place != Member::NONE && thread::panicking() {
            self.meeting.break_by(own_pid(), |_| true);
        }
        self.leave(place);
    }
}

impl Serialize for Barrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let meeting = self.0.meeting.clone();
        handle::wish(move |receiver| meeting.expect(receiver));
        self.0.meeting.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Barrier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let member = Member::new(Shared::deserialize(deserializer)?);
        member.register();
        Ok(Barrier(Arc::new(member)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_survives_its_word() {
        let round = Round {
            number: 0xdead_beef,
            arrived: 0xfffe,
            failures: 0x5555,
            broken: true,
        };
        assert_eq!(Round::from_word(round.word()), round);
    }

    #[test]
    fn past_rounds_are_remembered() {
        let mut round = Round::from_word(0);
        for failed in [false, true, false, false] {
            round = round.ended(failed, false);
        }
        let outcomes = [0, 1, 2, 3, 4].map(|number| round.outcome_of(number));
        let expected = [Some(true), Some(false), Some(true), Some(true), None];
        assert_eq!(outcomes, expected);
        assert_eq!(round.outcome_of(4_u32.wrapping_sub(16)), Some(false));
    }
}

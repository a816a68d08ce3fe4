//! A mutex in shared memory that notices when its holder dies.
//!
//! It is the system's robust process-shared mutex: the kernel keeps a list of
//! the mutexes that a thread holds, and when the thread dies, however it dies,
//! it marks them and wakes a waiter. The next locker is told, within
//! microseconds, and without anybody having to ask whether a process lives.

#![expect(unsafe_code, reason = "calls pthread on memory that processes share")]

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};
use std::time::Duration;

use rustix::time::ClockId;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::identity;
use crate::shared::{Memory, State};
use crate::trace;
use crate::waiting::waiting;

/// How long a sleeper sleeps before it looks again whether all is well.
///
/// Whoever should wake it may have been killed just before. Five looks a
/// second cost an idle process about 0.02 % of a core.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How often a locker looks before it sleeps, and the most pauses between two
/// looks, as a power of two. Sleeping and being woken costs fifty times an
/// update. Each look takes the lock's cache line away from its holder, so the
/// looks grow rarer: the holder gets some dozens of updates done in between.
const LOOKS: u32 = 20;
const MOST_PAUSES: u32 = 7;

/// How many locks and permits a thread may hold. When it dies, the kernel looks
/// at 2,048 of them at most (`ROBUST_LIST_LIMIT`), so whoever waits for another
/// one would wait for ever.
const MOST_HELD: u32 = 2000;

thread_local! {
    /// How many this thread holds, those whose guards were forgotten too.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// The mutex, and who holds it.
#[repr(C)]
pub(crate) struct RobustMutex {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    /// The process between its first and its last instruction under the lock, and
    /// in the bits that no process id needs some of the lock's address there.
    holder: AtomicU32,
    /// The process that died or panicked under the lock; 0 once it is repaired.
    poison: AtomicU32,
}

// SAFETY: (1) the mutex is in an `UnsafeCell` as pthread changes it; (2) only
// pthread's own functions touch it, which are made for many threads; (3) other
// processes do the same.
unsafe impl Sync for RobustMutex {}

// SAFETY: it is `repr(C)`; pthread accepts any bytes in its own type (with wrong
// ones it fails or misbehaves: the processes that share a lock trust each
// other); everything in it is atomic or in an `UnsafeCell`.
unsafe impl State for RobustMutex {
    type Tail = ();
    const KIND: [u8; 8] = *b"lock   1";

    fn initialize(memory: &Memory<Self>) -> Result<()> {
        RobustMutex::initialize(memory)
    }

    fn is_held(memory: &Memory<Self>) -> bool {
        RobustMutex::is_held(memory)
    }
}

/// What a locker learns beside having the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// The holder before it unlocked.
    Unlocked,
    /// The holder before it died, somewhere between lock and unlock.
    Died,
}

impl RobustMutex {
    /// Makes the mutex; called once, before any other process sees it.
    pub(crate) fn initialize(&self) -> Result<()> {
        let mut attributes = MaybeUninit::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: (1) the calls write through the pointer; (2) it points to a
        // local variable of the right type, which the first call initializes;
        // (3) nobody else sees it.
        check(unsafe { libc::pthread_mutexattr_init(attributes) })?;
        let (shared, robust, checked) = (
            libc::PTHREAD_PROCESS_SHARED,
            libc::PTHREAD_MUTEX_ROBUST,
            libc::PTHREAD_MUTEX_ERRORCHECK,
        );
        // SAFETY: as above.
        check(unsafe { libc::pthread_mutexattr_setpshared(attributes, shared) })?;
        // SAFETY: as above.
        check(unsafe { libc::pthread_mutexattr_setrobust(attributes, robust) })?;
        // SAFETY: as above.
        check(unsafe { libc::pthread_mutexattr_settype(attributes, checked) })?;
        // SAFETY: (1) overwrites the mutex, which nobody may be using; (2) and
        // (3) the memory was just made and no other process has it yet.
        check(unsafe { libc::pthread_mutex_init(self.mutex.get(), attributes) })
    }

    /// Takes the lock if it is free; `None` if not, also for its own holder.
    pub(crate) fn try_lock(&self) -> Result<Option<Before>> {
        match self.attempt() {
            libc::EDEADLK => Ok(None),
            code => self.entered(code),
        }
    }

    /// Waits for the lock until the deadline; `None` when time is up.
    ///
    /// What unblocks it: the holder's unlock or, by the kernel, its death.
    pub(crate) fn lock(&self, deadline: Deadline) -> Result<Option<Before>> {
        if let Some(before) = self.entered(self.attempt())? {
            return Ok(Some(before));
        }
        if deadline.is_over() {
            return Ok(None);
        }
        let _span = trace::span("lock", "wait");
        for look in 0..LOOKS {
            (0..1 << look.min(MOST_PAUSES)).for_each(|_| std::hint::spin_loop());
            if let Some(before) = self.entered(self.attempt())? {
                return Ok(Some(before));
            }
        }
        let _waiting = waiting(c"in a lock");
        loop {
            let time = deadline.remaining_at_most(LOOK_AGAIN);
            if let Some(before) = self.entered(self.sleep(time))? {
                return Ok(Some(before));
            }
            if deadline.is_over() {
                return Ok(None);
            }
        }
    }

    /// Sleeps until nobody holds the lock, at most for `time`, and leaves it
    /// free. Somebody may have it again by then, and for another purpose.
    pub(crate) fn wait_unlocked(&self, time: Duration) -> Result<()> {
        let _waiting = waiting(c"in a lock");
        self.passed(self.sleep(time)).map(drop)
    }

    /// Whether nobody holds the lock; a dead holder is noted, and holds nothing.
    pub(crate) fn is_unlocked(&self) -> Result<bool> {
        match self.attempt() {
            libc::EDEADLK => Ok(false),
            code => self.passed(code),
        }
    }

    fn attempt(&self) -> libc::c_int {
        if HELD.get() >= MOST_HELD {
            return libc::ENOLCK;
        }
        // SAFETY: (1) the mutex must be initialized; (2) it was, before this
        // memory could be reached; (3) others lock and unlock it.
        unsafe { libc::pthread_mutex_trylock(self.mutex.get()) }
    }

    /// Comes after an `attempt`, which sees to the limit.
    fn sleep(&self, time: Duration) -> libc::c_int {
        let mutex = self.mutex.get();
        match clock_lock() {
            Some(clock_lock) => {
                let until = from_now(time, ClockId::Monotonic);
                // SAFETY: as for `pthread_mutex_trylock`.
                unsafe { clock_lock(mutex, libc::CLOCK_MONOTONIC, &raw const until) }
            }
            None => {
                let until = from_now(time, ClockId::Realtime);
                // SAFETY: as above.
                unsafe { libc::pthread_mutex_timedlock(mutex, &raw const until) }
            }
        }
    }

    /// Notes who holds the lock from now on.
    fn entered(&self, code: libc::c_int) -> Result<Option<Before>> {
        let before = self.received(code)?;
        if before.is_some() {
            self.holder.store(self.here(), Ordering::Relaxed);
            // A kill stops this process between two instructions, so it is
            // enough that the compiler keeps their order.
            compiler_fence(Ordering::SeqCst);
        }
        Ok(before)
    }

    /// Unlocks at once what was only tried.
    fn passed(&self, code: libc::c_int) -> Result<bool> {
        let before = self.received(code)?;
        if before.is_some() {
            self.unlock();
        }
        Ok(before.is_some())
    }

    /// Says whether the lock was got, and notes who died with it.
    ///
    /// This process may be killed between any two lines, so each line leaves a
    /// state from which the next locker finds its way: it sees `Died` again.
    fn received(&self, code: libc::c_int) -> Result<Option<Before>> {
        match code {
            0 => {
                HELD.set(HELD.get() + 1);
                Ok(Some(Before::Unlocked))
            }
            libc::EOWNERDEAD => {
                let dead = self.holder.load(Ordering::Relaxed) & identity::PIDS;
                // Zero: it died before its first or after its last instruction
                // under the lock, and has left nothing half done.
                if dead != 0 {
                    self.poison.store(dead, Ordering::Relaxed);
                }
                compiler_fence(Ordering::SeqCst);
                // SAFETY: (1) only the holder may call this; (2) EOWNERDEAD
                // says that this thread is; (3) others wait for the unlock.
                check(unsafe { libc::pthread_mutex_consistent(self.mutex.get()) })?;
                HELD.set(HELD.get() + 1);
                Ok(Some(Before::Died))
            }
            libc::EBUSY | libc::ETIMEDOUT => Ok(None),
            libc::EDEADLK => Err(Error::Deadlock),
            code => Err(refused(code)),
        }
    }

    /// Gives the lock back; only its holder may call this.
    pub(crate) fn unlock(&self) {
        compiler_fence(Ordering::SeqCst);
        self.holder.store(0, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        // SAFETY: (1) unlocking what another thread holds would let two in;
        // (2) the mutex checks its holder, and guards cannot leave their
        // thread; (3) one waiter in any process is woken.
        let code = unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
        debug_assert_eq!(code, 0, "only the holder unlocks");
        HELD.set(HELD.get().saturating_sub(1));
    }

    /// The process that died or panicked under the lock and left it unrepaired.
    pub(crate) fn poison(&self) -> Option<u32> {
        match self.poison.load(Ordering::Relaxed) {
            0 => None,
            pid => Some(pid),
        }
    }

    /// Whether nobody was under the lock at this moment. Who died there still is.
    pub(crate) fn looks_free(&self) -> bool {
        self.holder.load(Ordering::SeqCst) == 0
    }

    /// Whether a thread of this process has the lock, by this mapping; rarely also
    /// if it is by another one.
    pub(crate) fn is_held(&self) -> bool {
        self.holder.load(Ordering::Relaxed) == self.here()
    }

    /// This process, and where it has mapped the lock.
    fn here(&self) -> u32 {
        let page = ptr::from_ref(self).addr() >> 12;
        ((page ^ page >> 9) as u32) << identity::PID_BITS | identity::own_pid()
    }

    /// Marks what the lock protects as half changed by this process.
    pub(crate) fn poison_by_panic(&self) {
        self.poison.store(identity::own_pid(), Ordering::Relaxed);
    }

    /// Marks what the lock protects as whole again.
    pub(crate) fn mark_repaired(&self) {
        self.poison.store(0, Ordering::Relaxed);
    }
}

impl fmt::Debug for RobustMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = self.holder.load(Ordering::Relaxed) & identity::PIDS;
        write!(f, "held by {holder}")
    }
}

/// The lock of a structure that is whole after every instruction.
///
/// It is released on drop; nobody needs to know that a holder died.
pub(crate) struct Inside<'a> {
    mutex: &'a RobustMutex,
    /// What became of the holder before this one.
    pub(crate) before: Before,
}

impl<'a> Inside<'a> {
    pub(crate) fn attempt(mutex: &'a RobustMutex) -> Result<Option<Inside<'a>>> {
        let before = mutex.try_lock()?;
        Ok(before.map(|before| Inside { mutex, before }))
    }

    pub(crate) fn enter(
        mutex: &'a RobustMutex,
        deadline: Deadline,
    ) -> Result<Option<Inside<'a>>> {
        let before = mutex.lock(deadline)?;
        Ok(before.map(|before| Inside { mutex, before }))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.mutex.unlock();
    }
}

type ClockLock = unsafe extern "C" fn(
    *mut libc::pthread_mutex_t,
    libc::clockid_t,
    *const libc::timespec,
) -> libc::c_int;

/// `pthread_mutex_timedlock` by a clock that nobody can set, where the C library
/// has it: glibc since 2.30.
fn clock_lock() -> Option<ClockLock> {
    static FOUND: OnceLock<Option<ClockLock>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let name = c"pthread_mutex_clocklock";
        // SAFETY: (1) the name could have no end; (2) a `CStr` has one; (3) others
        // have functions of their own.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        // SAFETY: (1) it could be a function of another type; (2) this is the type
        // in glibc's manual, and null is `None`; (3) as above.
        unsafe { mem::transmute::<*mut libc::c_void, Option<ClockLock>>(found) }
    })
}

/// `time` from now, by one of the system's clocks.
fn from_now(time: Duration, clock: ClockId) -> libc::timespec {
    let now = Duration::try_from(rustix::time::clock_gettime(clock));
    let until = now.unwrap_or(Duration::ZERO) + time;
    libc::timespec {
        tv_sec: until.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: until.subsec_nanos().into(),
    }
}

fn check(code: libc::c_int) -> Result<()> {
    match code {
        0 => Ok(()),
        code => Err(refused(code)),
    }
}

fn refused(code: libc::c_int) -> Error {
    let doing = match code {
        libc::ENOLCK => "hold more than 2,000 locks and permits in one thread",
        _ => "use a lock",
    };
    Error::io(doing)(io::Error::from_raw_os_error(code))
}

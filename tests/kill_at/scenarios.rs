//! What a process is killed in, and what must be true afterwards.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use multiproc::{
    Array, Barrier, Condition, Error, Event, Lock, LockError, Queue, Semaphore,
    Value,
};
use serde::{Deserialize, Serialize};
use tests::PATIENCE;

/// One of each, shared by the victim and the survivor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Objects {
    queue: Queue<u64>,
    lock: Lock,
    value: Value<[u64; 2]>,
    array: Array<u64>,
    permits: Semaphore,
    event: Event,
    changed: Condition,
    barrier: Barrier,
}

impl Objects {
    pub(crate) fn new() -> Result<Objects, Error> {
        Ok(Objects {
            queue: Queue::new(3)?,
            lock: Lock::new()?,
            value: Value::new([1, 1])?,
            array: Array::from_slice(&[1; 8])?,
            permits: Semaphore::new(2)?,
            event: Event::new()?,
            changed: Condition::new()?,
            barrier: Barrier::new(2)?,
        })
    }
}

/// One operation, and all that is needed to try it.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What the survivor does before; the helper is told when the victim sleeps,
    /// and has to end by itself once the victim is dead.
    pub(crate) prepare: fn(&Objects) -> Result<Option<Helper>, Error>,
    /// What the victim does before its steps are counted.
    pub(crate) warm_up: fn(&Objects),
    /// The operation.
    pub(crate) operation: fn(&Objects),
    /// What must be true once the victim, whose id is given, is dead.
    pub(crate) check: fn(&Objects, u32),
}

/// A thread of the survivor that does its part when it is told to.
pub(crate) struct Helper {
    go: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Helper {
    fn new(
        objects: &Objects,
        part: impl FnOnce(&Objects, mpsc::Receiver<()>) + Send + 'static,
    ) -> Option<Helper> {
        let (go, told) = mpsc::channel();
        let objects = objects.clone();
        let thread = thread::spawn(move || part(&objects, told));
        Some(Helper { go, thread })
    }

    /// Waits until it is told, then does `part`.
    fn when_told(objects: &Objects, part: fn(&Objects)) -> Option<Helper> {
        Helper::new(objects, move |objects, told| {
            if told.recv().is_ok() {
                part(objects);
            }
        })
    }

    /// Tells it; a second time does nothing.
    pub(crate) fn tell(&self) {
        let _ = self.go.send(());
    }

    /// Ends it, told or not.
    pub(crate) fn finish(self) -> thread::Result<()> {
        drop(self.go);
        self.thread.join()
    }
}

fn nothing(_: &Objects) {}

fn alone(_: &Objects) -> Result<Option<Helper>, Error> {
    Ok(None)
}

fn items(objects: &Objects, items: &[u64]) -> Result<Option<Helper>, Error> {
    objects.queue.put_many(items)?;
    Ok(None)
}

/// All that the survivors can take, each marked as done.
fn drain(objects: &Objects) -> Vec<u64> {
    let mut items = Vec::new();
    while let Some(item) = objects.queue.try_get().unwrap_or(None) {
        objects.queue.task_done().expect("it was taken");
        items.push(item);
    }
    items
}

/// The queue works, and knows of `lost` items that died with the victim.
fn queue_goes_on(objects: &Objects, victim: u32, lost: u64) {
    let queue = &objects.queue;
    let joined = queue.join_timeout(PATIENCE);
    match joined {
        Ok(true) => assert_eq!(lost, 0),
        Err(Error::Lost { pid, count }) => assert_eq!((pid, count), (victim, lost)),
        other => panic!("{other:?}"),
    }
    for round in 10..15 {
        assert!(queue.put_timeout(&round, PATIENCE).expect("is open"));
        assert_eq!(queue.get_timeout(PATIENCE).expect("is open"), Some(round));
        queue.task_done().expect("it was taken");
    }
    assert!(queue.join_timeout(PATIENCE).expect("nothing is lost"));
}

fn put_is_whole(objects: &Objects, victim: u32) {
    let items = drain(objects);
    assert!(items == [1, 2] || items == [1, 2, 3], "{items:?}");
    queue_goes_on(objects, victim, 0);
}

/// Of the first `count` items, the victim took all that are not there.
fn get_is_whole(objects: &Objects, victim: u32, count: u64) {
    let items = drain(objects);
    let taken = count - items.len() as u64;
    assert!(items.into_iter().eq(taken + 1..=count), "order is kept");
    queue_goes_on(objects, victim, taken);
}

fn lock_goes_on(objects: &Objects, victim: u32) {
    match objects.lock.lock_timeout(PATIENCE) {
        Ok(guard) => assert!(guard.is_some(), "it is free"),
        Err(LockError::Poisoned { guard, pid }) => {
            assert_eq!(pid, victim);
            guard.mark_repaired();
        }
        Err(other) => panic!("{other}"),
    }
    let again = objects.lock.lock_timeout(PATIENCE);
    assert!(again.is_ok_and(|guard| guard.is_some()));
}

/// The value is the old one or the new one, or a warning comes with it.
fn value_goes_on(objects: &Objects, victim: u32) {
    match objects.value.lock_timeout(PATIENCE) {
        Ok(guard) => {
            let numbers = *guard.expect("it is free");
            assert!(numbers == [1, 1] || numbers == [7, 7], "{numbers:?}");
        }
        Err(LockError::Poisoned { guard, pid }) => {
            assert_eq!(pid, victim);
            guard.mark_repaired();
        }
        Err(other) => panic!("{other}"),
    }
    objects.value.set([9, 9]).expect("is in order");
    assert_eq!(objects.value.get().expect("is in order"), [9, 9]);
}

fn array_goes_on(objects: &Objects, victim: u32) {
    match objects.array.lock_timeout(PATIENCE) {
        Ok(guard) => {
            let guard = guard.expect("it is free");
            assert!(*guard == [1; 8] || *guard == [1, 1, 7, 7, 7, 1, 1, 1]);
        }
        Err(LockError::Poisoned { mut guard, pid }) => {
            assert_eq!(pid, victim);
            guard.fill(1);
            guard.mark_repaired();
        }
        Err(other) => panic!("{other}"),
    }
    objects.array.set(3, 5).expect("is in order");
    assert_eq!(objects.array.get(3).expect("is in order"), 5);
}

fn permits_go_on(objects: &Objects, victim: u32) {
    let acquire = || {
        let permit = objects.permits.acquire_timeout(PATIENCE);
        permit.expect("is in order").expect("it is free")
    };
    for told in [acquire(), acquire()].map(|permit| permit.recovered_from()) {
        assert!(told.is_none_or(|pid| pid == victim));
    }
    let (_first, _second) = (acquire(), acquire());
    assert!(objects.permits.try_acquire().is_ok_and(|it| it.is_none()));
}

fn event_goes_on(objects: &Objects, _: u32) {
    objects.event.set();
    assert!(objects.event.wait_timeout(PATIENCE));
    objects.event.clear();
    assert!(!objects.event.is_set());
}

/// Whoever waits gets on: by the victim's notification, or by looking again.
fn condition_goes_on(objects: &Objects, victim: u32) {
    value_goes_on(objects, victim);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = objects.value.lock().expect("is in order");
            let waits = |numbers: &mut [u64; 2]| numbers[0] != 4;
            let waited = objects.changed.wait_while_timeout(guard, waits, PATIENCE);
            waited.is_ok_and(|(_, done)| done)
        });
        objects.value.set([4, 4]).expect("is in order");
        objects.changed.notify_one();
        assert!(waiter.join().is_ok_and(|done| done));
    });
}

/// The survivor's wait ends, one way or the other, and the next one as well.
fn barrier_goes_on(objects: &Objects, victim: u32) {
    let barrier = &objects.barrier;
    if let Err(error) = barrier.wait_timeout(PATIENCE) {
        let blamed = matches!(error, Error::BarrierBroken { pid: Some(pid) }
            if pid == victim);
        assert!(blamed, "{error:?}");
    }
    barrier.reset();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait_timeout(PATIENCE));
        assert!(barrier.wait_timeout(PATIENCE).is_ok());
        assert!(other.join().is_ok_and(|waited| waited.is_ok()));
    });
}

/// Keeps the lock until it is told.
fn holds_the_lock(objects: &Objects) -> Result<Option<Helper>, Error> {
    let (locked, is_locked) = mpsc::channel();
    let helper = Helper::new(objects, move |objects, told| {
        let guard = objects.lock.lock().expect("is in order");
        let _ = locked.send(());
        let _ = told.recv();
        drop(guard);
    });
    let _ = is_locked.recv();
    Ok(helper)
}

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "put",
        prepare: |objects| items(objects, &[1, 2]),
        warm_up: nothing,
        operation: |objects| objects.queue.put(&3).expect("is open"),
        check: put_is_whole,
    },
    Scenario {
        name: "put_full",
        prepare: |objects| {
            items(objects, &[1, 2, 3])?;
            Ok(Helper::when_told(objects, |objects| {
                objects.queue.get().expect("there is one");
                objects.queue.task_done().expect("it was taken");
            }))
        },
        warm_up: nothing,
        operation: |objects| objects.queue.put(&4).expect("is open"),
        check: |objects, victim| {
            let items = drain(objects);
            let expected = [&[1, 2, 3][..], &[2, 3], &[2, 3, 4]];
            assert!(expected.contains(&&items[..]), "{items:?}");
            queue_goes_on(objects, victim, 0);
        },
    },
    Scenario {
        name: "put_many",
        prepare: |objects| items(objects, &[1]),
        warm_up: nothing,
        operation: |objects| objects.queue.put_many(&[2, 3]).expect("is open"),
        check: |objects, victim| {
            let items = drain(objects);
            assert!(items == [1] || items == [1, 2, 3], "{items:?}");
            queue_goes_on(objects, victim, 0);
        },
    },
    Scenario {
        name: "get",
        prepare: |objects| items(objects, &[1, 2, 3]),
        warm_up: nothing,
        operation: |objects| assert_eq!(objects.queue.get().ok(), Some(1)),
        check: |objects, victim| get_is_whole(objects, victim, 3),
    },
    Scenario {
        name: "get_empty",
        prepare: |objects| {
            Ok(Helper::when_told(objects, |objects| {
                objects.queue.put(&1).expect("is open");
            }))
        },
        warm_up: nothing,
        operation: |objects| assert_eq!(objects.queue.get().ok(), Some(1)),
        check: |objects, victim| {
            let items = drain(objects);
            assert!(items.is_empty() || items == [1], "{items:?}");
            match objects.queue.join_timeout(PATIENCE) {
                Ok(done) => assert!(done),
                Err(Error::Lost { pid, count: 1 }) => assert_eq!(pid, victim),
                other => panic!("{other:?}"),
            }
            queue_goes_on(objects, victim, 0);
        },
    },
    Scenario {
        name: "get_many",
        prepare: |objects| items(objects, &[1, 2, 3]),
        warm_up: nothing,
        operation: |objects| {
            assert_eq!(objects.queue.get_many(2).ok(), Some(vec![1, 2]));
        },
        check: |objects, victim| get_is_whole(objects, victim, 3),
    },
    Scenario {
        name: "close",
        prepare: |objects| items(objects, &[1, 2]),
        warm_up: nothing,
        operation: |objects| objects.queue.close().expect("is in order"),
        check: |objects, _| {
            let closed = match objects.queue.try_put(&3) {
                Ok(done) => !done,
                Err(Error::Closed) => true,
                Err(other) => panic!("{other}"),
            };
            objects.queue.close().expect("is in order");
            let count = objects.queue.iter().count();
            assert_eq!(count, if closed { 2 } else { 3 });
        },
    },
    Scenario {
        name: "task_done",
        prepare: |objects| items(objects, &[1]),
        warm_up: |objects| assert_eq!(objects.queue.get().ok(), Some(1)),
        operation: |objects| objects.queue.task_done().expect("it was taken"),
        check: |objects, victim| match objects.queue.join_timeout(PATIENCE) {
            Ok(true) => queue_goes_on(objects, victim, 0),
            Err(Error::Lost { pid, count: 1 }) => {
                assert_eq!(pid, victim);
                queue_goes_on(objects, victim, 0);
            }
            other => panic!("{other:?}"),
        },
    },
    Scenario {
        name: "join",
        prepare: |objects| {
            items(objects, &[1])?;
            objects.queue.get()?;
            Ok(Helper::when_told(objects, |objects| {
                objects.queue.task_done().expect("it was taken");
            }))
        },
        warm_up: nothing,
        operation: |objects| objects.queue.join().expect("nothing is lost"),
        check: |objects, victim| {
            // Unless the helper has done so.
            let _ = objects.queue.task_done();
            queue_goes_on(objects, victim, 0);
        },
    },
    Scenario {
        name: "lock",
        prepare: alone,
        warm_up: nothing,
        operation: |objects| drop(objects.lock.lock().expect("is in order")),
        check: lock_goes_on,
    },
    Scenario {
        name: "lock_held",
        prepare: holds_the_lock,
        warm_up: nothing,
        operation: |objects| drop(objects.lock.lock().expect("is in order")),
        check: lock_goes_on,
    },
    Scenario {
        name: "value",
        prepare: alone,
        warm_up: nothing,
        operation: |objects| {
            *objects.value.lock().expect("is in order") = [7, 7];
        },
        check: value_goes_on,
    },
    Scenario {
        name: "array",
        prepare: alone,
        warm_up: nothing,
        operation: |objects| {
            objects.array.lock_range(2..5).expect("is in order").fill(7);
        },
        check: array_goes_on,
    },
    Scenario {
        name: "acquire_release",
        prepare: alone,
        warm_up: nothing,
        operation: |objects| drop(objects.permits.acquire().expect("is free")),
        check: permits_go_on,
    },
    Scenario {
        name: "event_set",
        prepare: |objects| {
            // Somebody who waits for the event goes on when the victim has set
            // it, even if it died before it could wake anybody.
            Ok(Helper::new(objects, |objects, told| {
                thread::scope(|scope| {
                    let waiter =
                        scope.spawn(|| objects.event.wait_timeout(PATIENCE));
                    let _ = told.recv();
                    if !objects.event.is_set() {
                        objects.event.set();
                    }
                    assert!(waiter.join().is_ok_and(|was_set| was_set));
                });
            }))
        },
        warm_up: nothing,
        operation: |objects| objects.event.set(),
        check: event_goes_on,
    },
    Scenario {
        name: "event_wait",
        prepare: |objects| {
            Ok(Helper::when_told(objects, |objects| objects.event.set()))
        },
        warm_up: nothing,
        operation: |objects| objects.event.wait(),
        check: event_goes_on,
    },
    Scenario {
        name: "condition_wait",
        prepare: |objects| {
            Ok(Helper::when_told(objects, |objects| {
                // The victim may have been killed under the lock.
                let _ = objects.value.set([7, 7]);
                objects.changed.notify_one();
            }))
        },
        warm_up: nothing,
        operation: |objects| {
            let guard = objects.value.lock().expect("is in order");
            let waits = |numbers: &mut [u64; 2]| numbers[0] != 7;
            drop(objects.changed.wait_while(guard, waits));
        },
        check: condition_goes_on,
    },
    Scenario {
        name: "condition_notify",
        prepare: |objects| {
            Ok(Helper::new(objects, |objects, _| {
                let guard = objects.value.lock().or_else(LockError::into_guard);
                let guard = guard.expect("is in order");
                let waits = |numbers: &mut [u64; 2]| *numbers == [1, 1];
                let waited =
                    objects.changed.wait_while_timeout(guard, waits, PATIENCE);
                assert!(!matches!(waited, Ok((_, false))));
            }))
        },
        warm_up: |objects| objects.value.set([7, 7]).expect("is in order"),
        operation: |objects| objects.changed.notify_one(),
        check: condition_goes_on,
    },
    Scenario {
        name: "barrier_first",
        prepare: |objects| {
            Ok(Helper::when_told(objects, |objects| {
                let _ = objects.barrier.wait_timeout(PATIENCE);
            }))
        },
        warm_up: nothing,
        operation: |objects| {
            let _ = objects.barrier.wait();
        },
        check: barrier_goes_on,
    },
    Scenario {
        name: "barrier_last",
        prepare: |objects| {
            let helper = Helper::new(objects, |objects, _| {
                let _ = objects.barrier.wait_timeout(PATIENCE);
            });
            while objects.barrier.waiting() == 0 {
                thread::yield_now();
            }
            Ok(helper)
        },
        warm_up: nothing,
        operation: |objects| {
            let _ = objects.barrier.wait();
        },
        check: barrier_goes_on,
    },
];

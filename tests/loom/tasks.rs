//! A parent and a worker, as src/pool/seat.rs and src/pool/worker.rs do it, with
//! rings that are nothing but their positions.

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::atomic::{AtomicU64, Ordering};
use crate::pool::gate::Gate;
use crate::pool::line::Line;
use crate::pool::sleep::{Sleep, Sleepers};

/// How often a side may be interrupted where it could go on: with more, the
/// number of orders grows to millions.
const INTERRUPTIONS: usize = 2;

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(INTERRUPTIONS);
    builder.check(model);
}

pub(super) fn a_task_is_started_or_taken_back() {
    check(|| {
        let gate = Arc::new(Gate(AtomicU64::new(0)));
        let tasks = Arc::new([UnsafeCell::new(0), UnsafeCell::new(0)]);
        let worker = thread::spawn({
            let (gate, tasks) = (gate.clone(), tasks.clone());
            move || {
                let mut started = 0;
                for task in tasks.iter() {
                    if !gate.start() {
                        break;
                    }
                    // What the parent wrote before it allowed this is here.
                    task.with(|task| assert_eq!(unsafe_read(task), 7));
                    started += 1;
                }
                started
            }
        });
        for task in tasks.iter() {
            task.with_mut(|task| unsafe_write(task, 7));
            gate.allow(1);
        }
        let taken = gate.take_back(2);
        let started = worker.join().expect("does not panic");
        let counts = gate.counts();
        assert_eq!((counts.started, counts.allowed), (started, 2 - taken));
        assert!(counts.started <= counts.allowed);
    });
}

#[expect(
    unsafe_code,
    reason = "the checker itself sees to it that nobody writes"
)]
fn unsafe_read(cell: *const u64) -> u64 {
    // SAFETY: the pointer is that of a cell which the checker guards.
    unsafe { *cell }
}

#[expect(
    unsafe_code,
    reason = "the checker itself sees to it that nobody reads"
)]
fn unsafe_write(cell: *mut u64, value: u64) {
    // SAFETY: the pointer is that of a cell which the checker guards.
    unsafe { *cell = value };
}

/// An event descriptor: keeps a ring for who is not asleep yet.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    event: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().expect("nobody panics") = true;
        self.event.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().expect("nobody panics");
        while !*rung {
            rung = self.event.wait(rung).expect("nobody panics");
        }
        *rung = false;
    }
}

/// What both share: how far each ring is written and read, and who sleeps.
struct Desk {
    gate: Gate,
    sleepers: Sleepers,
    tasks_written: AtomicU64,
    tasks_read: AtomicU64,
    results_written: AtomicU64,
    results_read: AtomicU64,
    closing: AtomicU64,
    parent_bell: Bell,
    worker_bell: Bell,
}

impl Desk {
    fn new() -> Arc<Desk> {
        let desk = Desk {
            gate: Gate(AtomicU64::new(0)),
            sleepers: Sleepers {
                worker_sleeps: Line(AtomicU64::new(0)),
                parent_wants: Line(AtomicU64::new(0)),
            },
            tasks_written: AtomicU64::new(0),
            tasks_read: AtomicU64::new(0),
            results_written: AtomicU64::new(0),
            results_read: AtomicU64::new(0),
            closing: AtomicU64::new(0),
            parent_bell: Bell::default(),
            worker_bell: Bell::default(),
        };
        desk.sleepers.wake_all();
        Arc::new(desk)
    }

    /// The worker's `sleep_unless`, without its second look.
    fn sleep_unless(&self, sleep: Sleep, there_is_work: impl Fn() -> bool) {
        if self.sleepers.fall_asleep(sleep, there_is_work) {
            if self.sleepers.must_ring_anyway() {
                self.parent_bell.ring();
            }
            self.worker_bell.wait();
        }
    }

    /// The worker's `next_task`: waits until a task is allowed and starts it.
    fn next_task(&self, written: u64) {
        while !self.gate.start() {
            self.sleep_unless(Sleep::Tasks, || self.gate.counts().waiting() > 0);
        }
        if self.sleepers.must_ring(written) {
            self.parent_bell.ring();
        }
    }

    /// The rest of a worker's life: no other task comes.
    fn await_end(&self) {
        let is_closing = || self.closing.load(Ordering::Acquire) != 0;
        while !is_closing() {
            self.sleep_unless(Sleep::Tasks, is_closing);
        }
    }

    /// The parent's `retire`.
    fn close(&self) {
        self.closing.store(1, Ordering::Release);
        self.worker_bell.ring();
    }

    /// The worker's `publish`, of a small result.
    fn publish(&self, written: u64) {
        self.results_written.store(written, Ordering::Release);
    }

    /// The parent's sleep, without an end: until results are written up to
    /// `position`, or there is something else to go on with.
    fn sleep(&self, position: u64, read: u64, there_is_room: impl Fn() -> bool) {
        let written = || self.results_written.load(Ordering::Acquire);
        let there_is_work = || written() != read || there_is_room();
        let sleepers = &self.sleepers;
        if !sleepers.want(&self.gate, position, written, there_is_work) {
            self.parent_bell.wait();
        }
        sleepers.stop_wanting();
    }

    fn wake(&self, now: &[Sleep]) {
        if self.sleepers.must_wake(now) {
            self.worker_bell.ring();
        }
    }
}

/// The parent hands out tasks one by one and then two at once, and is content
/// to hear of results late: it must hear of them in any case.
pub(super) fn nobody_sleeps_while_there_are_tasks() {
    check(|| {
        let desk = Desk::new();
        let worker = thread::spawn({
            let desk = desk.clone();
            move || {
                for task in 0..2 {
                    desk.next_task(task);
                    desk.publish(task + 1);
                }
                desk.await_end();
            }
        });
        let mut given = 0;
        let mut read = 0;
        while read < 2 {
            if given == read {
                given += 1;
                desk.gate.allow(1);
                desk.wake(&[Sleep::Tasks, Sleep::Room]);
            }
            // It hopes for two results before it is woken.
            desk.sleep(read + 2, read, || false);
            read = desk.results_written.load(Ordering::Acquire);
        }
        desk.close();
        worker.join().expect("does not panic");
    });
}

/// A task of two pieces goes through a ring that holds one.
pub(super) fn nobody_sleeps_in_the_middle_of_a_large_task() {
    check(|| {
        let desk = Desk::new();
        let worker = thread::spawn({
            let desk = desk.clone();
            move || {
                desk.next_task(0);
                for piece in 1..=2 {
                    let there =
                        || desk.tasks_written.load(Ordering::Acquire) >= piece;
                    while !there() {
                        desk.sleep_unless(Sleep::Tasks, there);
                    }
                    desk.tasks_read.store(piece, Ordering::Release);
                }
                desk.publish(1);
                desk.await_end();
            }
        });
        desk.tasks_written.store(1, Ordering::Release);
        desk.gate.allow(1);
        desk.wake(&[Sleep::Tasks, Sleep::Room]);
        let mut written = 1;
        while desk.results_written.load(Ordering::Acquire) < 1 {
            let room =
                || written < 2 && desk.tasks_read.load(Ordering::Acquire) == written;
            if room() {
                written += 1;
                desk.tasks_written.store(written, Ordering::Release);
                desk.wake(&[Sleep::Tasks, Sleep::Room]);
            }
            desk.sleep(1, 0, || {
                written < 2 && desk.tasks_read.load(Ordering::Acquire) == written
            });
        }
        desk.close();
        worker.join().expect("does not panic");
    });
}

/// A result of two pieces goes through a ring that holds one.
pub(super) fn nobody_sleeps_in_the_middle_of_a_large_result() {
    check(|| {
        let desk = Desk::new();
        let worker = thread::spawn({
            let desk = desk.clone();
            move || {
                desk.next_task(0);
                for piece in 1..=2 {
                    let room =
                        || desk.results_read.load(Ordering::Acquire) == piece - 1;
                    while !room() {
                        desk.sleep_unless(Sleep::Room, room);
                    }
                    desk.publish(piece);
                }
                desk.await_end();
            }
        });
        desk.gate.allow(1);
        desk.wake(&[Sleep::Tasks, Sleep::Room]);
        let mut read = 0;
        while read < 2 {
            desk.sleep(read + 2, read, || false);
            let written = desk.results_written.load(Ordering::Acquire);
            if written != read {
                read = written;
                desk.results_read.store(read, Ordering::Release);
                desk.wake(&[Sleep::Room]);
            }
        }
        desk.close();
        worker.join().expect("does not panic");
    });
}

/// The second task does not end before the parent has the first one's result.
pub(super) fn a_result_is_heard_of_while_the_next_task_runs() {
    check(|| {
        let desk = Desk::new();
        let got_the_first = Arc::new(Bell::default());
        let worker = thread::spawn({
            let (desk, got_the_first) = (desk.clone(), got_the_first.clone());
            move || {
                desk.next_task(0);
                desk.publish(1);
                desk.next_task(1);
                got_the_first.wait();
            }
        });
        desk.gate.allow(2);
        desk.wake(&[Sleep::Tasks, Sleep::Room]);
        while desk.results_written.load(Ordering::Acquire) < 1 {
            desk.sleep(1, 0, || false);
        }
        got_the_first.ring();
        worker.join().expect("does not panic");
    });
}

//! Queues between processes: bounds, closing, joining, and deaths on all sides.

use std::collections::HashSet;
use std::process::abort;
use std::thread;
use std::time::{Duration, Instant};

use multiproc::{Connection, Error, Lock, Process, Queue, pipe};
use rustix::thread::gettid;
use serde::{Deserialize, Serialize};
use tests::{Outcome, PATIENCE, Random, expect, run, sleep_for_ever, system};

fn main() {
    multiproc::init();
    run(&[
        ("every_item_arrives_once", every_item_arrives_once),
        ("order_is_kept", order_is_kept),
        (
            "a_full_queue_makes_producers_wait",
            a_full_queue_makes_producers_wait,
        ),
        ("bytes_are_bounded_too", bytes_are_bounded_too),
        ("zero_and_too_much", zero_and_too_much),
        ("items_of_all_sizes_go_round", items_of_all_sizes_go_round),
        (
            "large_items_between_processes",
            large_items_between_processes,
        ),
        ("many_at_once", many_at_once),
        (
            "a_producer_killed_in_the_middle_tears_nothing",
            a_producer_killed_in_the_middle_tears_nothing,
        ),
        ("close_ends_consumers", close_ends_consumers),
        (
            "close_wakes_a_waiting_producer",
            close_wakes_a_waiting_producer,
        ),
        ("what_cannot_be_serialized", what_cannot_be_serialized),
        ("what_cannot_be_deserialized", what_cannot_be_deserialized),
        ("join_waits_for_task_done", join_waits_for_task_done),
        ("task_done_is_counted", task_done_is_counted),
        ("join_tells_what_was_lost", join_tells_what_was_lost),
        (
            "any_number_of_consumers_in_turn",
            any_number_of_consumers_in_turn,
        ),
        ("a_sleeping_consumer_is_woken", a_sleeping_consumer_is_woken),
        (
            "all_sleeping_consumers_get_work",
            all_sleeping_consumers_get_work,
        ),
        (
            "all_sleeping_producers_get_room",
            all_sleeping_producers_get_room,
        ),
        (
            "a_stopped_consumer_blocks_nobody_for_ever",
            stopped_consumer,
        ),
    ]);
}

fn put_range((queue, start, end): (Queue<u64>, u64, u64)) {
    for number in start..end {
        queue.put(&number).expect("the queue is open");
    }
}

fn collect(queue: Queue<u64>) -> Vec<u64> {
    let numbers = queue.iter().collect::<Result<_, _>>();
    numbers.expect("numbers")
}

fn every_item_arrives_once() -> Outcome {
    let queue = Queue::new(100)?;
    let consumers = (0..4)
        .map(|_| Process::spawn(collect, queue.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let producers = (0..4)
        .map(|i| {
            let argument = (queue.clone(), i * 10_000, (i + 1) * 10_000);
            Process::spawn(put_range, argument)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for producer in producers {
        producer.join()?;
    }
    queue.close()?;
    let mut numbers = Vec::new();
    for consumer in consumers {
        let part = consumer.join()?;
        // Each producer's items keep their order.
        for i in 0..4 {
            let own = part.iter().filter(|&&number| number / 10_000 == i);
            assert!(own.is_sorted());
        }
        numbers.extend(part);
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..40_000));
    Ok(())
}

fn order_is_kept() -> Outcome {
    let queue = Queue::new(3)?;
    let producer = Process::spawn(put_range, (queue.clone(), 0, 20_000))?;
    for number in 0..20_000 {
        assert_eq!(queue.get_timeout(PATIENCE)?, Some(number));
    }
    assert_eq!(queue.try_get()?, None);
    assert_eq!(producer.join()?, ());
    Ok(())
}

fn a_full_queue_makes_producers_wait() -> Outcome {
    let queue = Queue::new(2)?;
    assert!(queue.try_put(&1)?);
    assert!(queue.put_timeout(&2, PATIENCE)?);
    assert!(!queue.try_put(&3)?);
    assert!(!queue.put_timeout(&3, Duration::from_millis(10))?);
    assert_eq!((queue.len(), queue.capacity()), (2, 2));
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::scope(|scope| -> Outcome {
        let put = scope.spawn(|| {
            sender.send(gettid()).expect("the test listens");
            queue.put(&3)
        });
        system::expect_sleep(receiver.recv()?);
        assert_eq!((queue.len(), put.is_finished()), (2, false));
        assert_eq!(queue.get()?, 1);
        assert!(put.join().expect("no panic").is_ok());
        assert_eq!((queue.get()?, queue.get()?), (2, 3));
        Ok(())
    })?;
    let begin = Instant::now();
    let brief = Duration::from_millis(10);
    assert_eq!((queue.try_get()?, queue.get_timeout(brief)?), (None, None));
    assert!(queue.is_empty() && begin.elapsed() >= brief);
    Ok(())
}

fn bytes_are_bounded_too() -> Outcome {
    let queue = Queue::with_bytes(100, 64)?;
    // 4 bytes of length, one of postcard's length, 19 of text: 24 bytes.
    let text = "x".repeat(19);
    assert!(queue.try_put(&text)?);
    assert!(queue.try_put(&text)?);
    assert!(!queue.try_put(&text)?);
    assert!(queue.try_put(&"y".repeat(11))?);
    assert!(!queue.try_put(&String::new())?);
    assert_eq!(queue.get()?, text);
    let largest = "z".repeat(59);
    assert!(!queue.try_put(&largest)?);
    assert_eq!(queue.get_many(9)?.len(), 2);
    assert!(queue.try_put(&largest)?);
    assert_eq!(queue.get()?, largest);
    let error = queue.try_put(&"z".repeat(60)).expect_err("too large");
    assert!(matches!(
        error,
        Error::TooLarge {
            size: 61,
            capacity: 60
        }
    ));
    assert!(queue.try_put(&text)?);
    Ok(())
}

fn zero_and_too_much() -> Outcome {
    let zero =
        |result: Result<Queue<u8>, Error>| matches!(result, Err(Error::Zero { .. }));
    assert!(zero(Queue::new(0)) && zero(Queue::with_bytes(1, 0)));
    let huge = Queue::<u8>::new(usize::MAX);
    assert!(matches!(huge, Err(Error::Io { .. })));
    let queue = Queue::<u8>::new(1)?;
    assert!(matches!(queue.get_many(0), Err(Error::Zero { .. })));
    let tiny = Queue::with_bytes(1, 1)?;
    assert!(tiny.try_put(&[1_u8, 2, 3])?);
    assert_eq!(tiny.get()?, [1, 2, 3]);
    Ok(())
}

fn items_of_all_sizes_go_round() -> Outcome {
    let mut random = Random::for_test("items_of_all_sizes_go_round");
    let queue = Queue::with_bytes(50, 1000)?;
    let mut sent = std::collections::VecDeque::new();
    let mut kept = 0;
    for round in 0..20_000_u32 {
        let item = vec![round as u8; random.below(400) as usize];
        if queue.try_put(&item)? {
            sent.push_back(item);
            kept += 1;
        }
        while random.below(3) == 0 {
            let limit = 1 + random.below(4) as usize;
            if sent.is_empty() {
                assert_eq!(queue.try_get()?, None);
                break;
            }
            for item in queue.get_many(limit)? {
                assert_eq!(Some(item), sent.pop_front());
            }
        }
        assert_eq!(queue.len(), sent.len());
    }
    assert!(kept > 1000);
    Ok(())
}

fn send_back((requests, answers): (Queue<Vec<u8>>, Queue<Vec<u8>>)) {
    for item in &requests {
        answers.put(&item.expect("bytes")).expect("is open");
    }
}

fn large_items_between_processes() -> Outcome {
    let requests = Queue::new(4)?;
    let answers = Queue::new(4)?;
    let argument = (requests.clone(), answers.clone());
    let worker = Process::spawn(send_back, argument)?;
    for size in [0, 1, 65_536, 1 << 20, 4_000_000] {
        let item: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        requests.put(&item)?;
        assert!(answers.get_timeout(PATIENCE)? == Some(item));
    }
    assert!(matches!(
        requests.put(&vec![0; 5_000_000]),
        Err(Error::TooLarge { .. })
    ));
    requests.close()?;
    worker.join()?;
    Ok(())
}

fn put_all((queue, numbers): (Queue<u32>, Vec<u32>)) {
    queue.put_many(&numbers).expect("is open");
    queue.close().expect("can be closed");
}

fn many_at_once() -> Outcome {
    let numbers: Vec<u32> = (0..100_000).collect();
    let queue = Queue::new(33)?;
    let producer = Process::spawn(put_all, (queue.clone(), numbers.clone()))?;
    let mut taken = Vec::new();
    loop {
        match queue.get_many(50) {
            Ok(items) => {
                assert!((1..=33).contains(&items.len()));
                taken.extend(items);
            }
            Err(Error::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    assert!(taken == numbers);
    producer.join()?;
    queue.put_many(&[]).expect("nothing to put");
    assert!(matches!(queue.put_many(&[1]), Err(Error::Closed)));
    Ok(())
}

fn close_ends_consumers() -> Outcome {
    let queue = Queue::new(5)?;
    let mut consumers = vec![
        Process::spawn(collect, queue.clone())?,
        Process::spawn(collect, queue.clone())?,
    ];
    queue.put_many(&[1, 2, 3])?;
    queue.close()?;
    queue.close()?;
    let mut numbers = Vec::new();
    for consumer in &mut consumers {
        numbers.extend(consumer.join_timeout(PATIENCE)?.expect("ends"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(matches!(queue.get(), Err(Error::Closed)));
    assert!(matches!(queue.try_get(), Err(Error::Closed)));
    assert!(matches!(queue.put(&1), Err(Error::Closed)));
    assert!(queue.iter().next().is_none());
    Ok(())
}

fn put_into_full((queue, connection): (Queue<u64>, Connection)) -> String {
    connection.send(&()).expect("the parent listens");
    format!("{:?}", queue.put(&2))
}

fn close_wakes_a_waiting_producer() -> Outcome {
    let queue = Queue::new(1)?;
    queue.put(&1)?;
    let (here, there) = pipe()?;
    let mut producer = Process::spawn(put_into_full, (queue.clone(), there))?;
    expect::<()>(&here)?;
    queue.close()?;
    let result = producer.join_timeout(PATIENCE)?;
    assert_eq!(result.as_deref(), Some("Err(Closed)"));
    assert_eq!(collect(queue), [1]);
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Refuses(u8);

impl Serialize for Refuses {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => Err(serde::ser::Error::custom("it is zero")),
            number => to.serialize_newtype_struct("Refuses", &number),
        }
    }
}

fn what_cannot_be_serialized() -> Outcome {
    let queue = Queue::new(10)?;
    assert!(matches!(queue.put(&Refuses(0)), Err(Error::Encode { .. })));
    assert_eq!(queue.len(), 0);
    queue.put(&Refuses(1))?;
    assert!(
        queue
            .put_many(&[Refuses(2), Refuses(0), Refuses(3)])
            .is_err()
    );
    assert_eq!(queue.len(), 2);
    let items = queue.get_many(5)?;
    assert_eq!((items[0].0, items[1].0), (1, 2));

    let locks = Queue::new(1)?;
    let refused = locks.put(&Lock::new()?);
    assert!(matches!(refused, Err(Error::HandleCannotTravel)));
    let queues = Queue::new(1)?;
    let refused = queues.try_put(&Queue::<u8>::new(1)?);
    assert!(matches!(refused, Err(Error::HandleCannotTravel)));
    assert!(locks.is_empty() && queues.is_empty());
    Ok(())
}

#[derive(Debug, PartialEq, Serialize)]
struct Odd(u8);

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Odd, D::Error> {
        match u8::deserialize(from)? {
            number if number % 2 == 1 => Ok(Odd(number)),
            _ => Err(serde::de::Error::custom("it is even")),
        }
    }
}

fn what_cannot_be_deserialized() -> Outcome {
    let queue = Queue::new(10)?;
    queue.put_many(&[Odd(1), Odd(4), Odd(5), Odd(7)])?;
    assert_eq!(queue.get()?, Odd(1));
    assert!(matches!(queue.get(), Err(Error::Decode { .. })));
    assert_eq!(queue.get_many(9)?, [Odd(5), Odd(7)]);
    // What could not be read was taken all the same.
    for _ in 0..4 {
        queue.task_done()?;
    }
    assert!(queue.join_timeout(PATIENCE)?);
    Ok(())
}

fn work((queue, connection): (Queue<u64>, Connection)) {
    for item in &queue {
        item.expect("a number");
        connection.send(&()).expect("the parent listens");
        connection.recv::<()>().expect("the parent answers");
        queue.task_done().expect("it was taken");
    }
}

fn join_waits_for_task_done() -> Outcome {
    let queue = Queue::new(10)?;
    queue.join()?;
    let (here, there) = pipe()?;
    let worker = Process::spawn(work, (queue.clone(), there))?;
    for number in 0..20 {
        queue.put(&number)?;
        expect::<()>(&here)?;
        assert!(!queue.join_timeout(Duration::ZERO)?);
        here.send(&())?;
        assert!(queue.join_timeout(PATIENCE)?);
    }
    queue.close()?;
    worker.join()?;
    Ok(())
}

fn task_done_is_counted() -> Outcome {
    let queue = Queue::new(10)?;
    assert!(matches!(queue.task_done(), Err(Error::NothingTaken)));
    queue.put_many(&[1, 2])?;
    assert!(matches!(queue.task_done(), Err(Error::NothingTaken)));
    assert!(!queue.join_timeout(Duration::ZERO)?);
    queue.get_many(2)?;
    queue.clone().task_done()?;
    assert!(!queue.join_timeout(Duration::ZERO)?);
    queue.task_done()?;
    assert!(matches!(queue.task_done(), Err(Error::NothingTaken)));
    queue.join()?;

    // A process counts for what it has taken, whichever handle it used.
    let (here, there) = pipe()?;
    here.send(&queue)?;
    let handle: Queue<i32> = expect(&there)?;
    queue.put_many(&[3, 4])?;
    queue.get_many(2)?;
    handle.task_done()?;
    handle.task_done()?;
    assert!(matches!(handle.task_done(), Err(Error::NothingTaken)));
    assert!(matches!(queue.task_done(), Err(Error::NothingTaken)));
    queue.join()?;
    Ok(())
}

fn take_and_die((queue, count): (Queue<u64>, usize)) {
    for _ in 0..count {
        queue.get().expect("a number");
    }
    queue.task_done().expect("it was taken");
    abort();
}

fn join_tells_what_was_lost() -> Outcome {
    let queue = Queue::new(10)?;
    queue.put_many(&[1, 2, 3, 4, 5, 6])?;
    let consumer = Process::spawn(take_and_die, (queue.clone(), 4))?;
    let consumer_id = consumer.id();
    assert!(consumer.join().is_err());
    match queue.join_timeout(PATIENCE) {
        Err(Error::Lost { pid, count }) => {
            assert_eq!((pid, count), (consumer_id, 3));
        }
        other => panic!("{other:?}"),
    }
    // What is lost is told once; the rest still has to be done.
    assert!(!queue.join_timeout(Duration::ZERO)?);
    assert_eq!(queue.get_many(9)?, [5, 6]);
    queue.task_done()?;
    queue.task_done()?;
    assert!(queue.join_timeout(PATIENCE)?);
    Ok(())
}

fn put_for_ever((queue, producer): (Queue<(u32, u32, String)>, u32)) {
    let text = text_of(producer);
    for number in 0_u32.. {
        let put = queue.put(&(producer, number, text.clone()));
        put.expect("the queue is open");
    }
}

fn text_of(producer: u32) -> String {
    ["a", "b", "c", "d"][producer as usize].repeat(1_000_000)
}

fn a_producer_killed_in_the_middle_tears_nothing() -> Outcome {
    let mut random = Random::for_test("a_producer_killed_in_the_middle");
    let queue = Queue::new(4)?;
    let steady = Process::spawn(put_for_ever, (queue.clone(), 0))?;
    let mut next = [0; 4];
    for round in 1..=3 {
        let doomed = Process::spawn(put_for_ever, (queue.clone(), round))?;
        let victim = next[round as usize] + 1 + random.below(3) as u32;
        let mut is_dead = false;
        let mut after = 0;
        while after < 3 {
            let item = queue.get_timeout(PATIENCE)?;
            let (producer, number, text) = item.ok_or("no item within 30 s")?;
            assert!(text == text_of(producer), "a torn item");
            assert_eq!(number, next[producer as usize]);
            next[producer as usize] += 1;
            after += u32::from(is_dead && producer == 0);
            if !is_dead && next[round as usize] == victim {
                // It is in the middle of another one, or waits to be.
                doomed.kill()?;
                is_dead = true;
            }
        }
        assert!(matches!(
            doomed.join(),
            Err(Error::Killed { signal: 9, .. })
        ));
    }
    steady.kill()?;
    assert!(steady.join().is_err());
    // What was put is there, and the queue goes on.
    while queue.try_get()?.is_some() {}
    queue.put(&(0, 0, String::new()))?;
    assert_eq!(queue.get()?, (0, 0, String::new()));
    Ok(())
}

fn take_one(queue: Queue<u64>) -> u64 {
    queue.get().expect("a number")
}

/// There is a limit to the consumers at a time, and none to those that end
/// before others come, also if they never say that an item is done.
fn any_number_of_consumers_in_turn() -> Outcome {
    const CONSUMERS: u64 = 1_100;
    let queue = Queue::new(10)?;
    for number in 0..CONSUMERS {
        queue.put(&number)?;
        let consumer = Process::spawn(take_one, queue.clone())?;
        assert_eq!(consumer.join()?, number);
    }
    queue.put(&CONSUMERS)?;
    assert_eq!(queue.get_timeout(PATIENCE)?, Some(CONSUMERS));
    match queue.join_timeout(PATIENCE) {
        Err(Error::Lost { count, .. }) => assert_eq!(count, CONSUMERS),
        other => panic!("{other:?}"),
    }
    // That is told once; the item in this process's hand is not lost.
    assert!(!queue.join_timeout(Duration::ZERO)?);
    queue.task_done()?;
    assert!(queue.join_timeout(PATIENCE)?);
    Ok(())
}

/// A consumer asleep in the kernel gets an item, and again, and again.
fn a_sleeping_consumer_is_woken() -> Outcome {
    let requests = Queue::new(4)?;
    let answers = Queue::new(4)?;
    let argument = (requests.clone(), answers.clone());
    let _worker = Process::spawn(send_back, argument)?;
    for round in 0..50_u8 {
        requests.put(&vec![round])?;
        assert_eq!(answers.get_timeout(PATIENCE)?, Some(vec![round]));
        // Longer than anybody looks without sleeping, and then once more
        // longer than a sleep without a look.
        thread::sleep(Duration::from_millis(u64::from(round % 5) * 50));
    }
    Ok(())
}

fn take_one_and_wait((queue, connection): (Queue<u64>, Connection)) {
    connection.send(&0_u64).expect("the parent listens");
    let item = queue.get().expect("a number");
    connection.send(&item).expect("the parent listens");
    sleep_for_ever();
}

fn all_sleeping_consumers_get_work() -> Outcome {
    let queue = Queue::new(4)?;
    let (here, there) = pipe()?;
    let _consumers = (0..4)
        .map(|_| {
            let argument = (queue.clone(), there.clone());
            Process::spawn(take_one_and_wait, argument)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for _ in 0..4 {
        assert_eq!(expect::<u64>(&here)?, 0);
    }
    queue.put_many(&[1, 2, 3, 4])?;
    let mut got = HashSet::new();
    for _ in 0..4 {
        got.insert(expect::<u64>(&here)?);
    }
    assert_eq!(got, HashSet::from([1, 2, 3, 4]));
    Ok(())
}

fn put_and_wait((queue, connection): (Queue<u64>, Connection)) {
    connection.send(&()).expect("the parent listens");
    queue.put(&9).expect("is open");
    connection.send(&()).expect("the parent listens");
    sleep_for_ever();
}

/// One call that makes room for several lets all of them go on.
fn all_sleeping_producers_get_room() -> Outcome {
    let queue = Queue::new(4)?;
    queue.put_many(&[1, 2, 3, 4])?;
    let (here, there) = pipe()?;
    let _producers = (0..4)
        .map(|_| {
            let argument = (queue.clone(), there.clone());
            Process::spawn(put_and_wait, argument)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for _ in 0..4 {
        expect::<()>(&here)?;
    }
    assert_eq!(queue.get_many(4)?, [1, 2, 3, 4]);
    for _ in 0..4 {
        expect::<()>(&here)?;
    }
    assert_eq!(queue.get_many(4)?, [9; 4]);
    Ok(())
}

fn take_for_ever(queue: Queue<u64>) {
    loop {
        queue.get().expect("a number");
        queue.task_done().expect("it was taken");
    }
}

/// A consumer that is stopped, perhaps under the lock, holds up who waits
/// without an end, and only until it goes on; timed calls return.
fn stopped_consumer() -> Outcome {
    use rustix::process::{Pid, Signal, kill_process};
    let mut random = Random::for_test("stopped_consumer");
    let queue = Queue::new(8)?;
    let consumer = Process::spawn(take_for_ever, queue.clone())?;
    let id = i32::try_from(consumer.id())?;
    let id = Pid::from_raw(id).ok_or("a process has an id")?;
    for _ in 0..30 {
        for number in 0..random.below(200) {
            queue.put(&number)?;
        }
        kill_process(id, Signal::STOP)?;
        while queue.try_put(&0)? {}
        if queue.try_get()?.is_some() {
            queue.task_done()?;
        }
        assert!(!queue.join_timeout(Duration::ZERO)? || queue.is_empty());
        kill_process(id, Signal::CONT)?;
        while queue.try_get()?.is_some() {
            queue.task_done()?;
        }
        assert!(queue.join_timeout(PATIENCE)?);
    }
    Ok(())
}

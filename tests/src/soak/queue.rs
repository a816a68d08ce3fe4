//! A queue whose producers and consumers are killed at random moments.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use multiproc::{Connection, Error, Process, Queue, Value, pipe};

use super::{Counts, pass_time};
use crate::{PATIENCE, Random};

type Failure = Box<dyn std::error::Error>;

/// Which producer made an item, and its number among that producer's items.
type Stamp = (u64, u64);

/// How many processes put, and how many take.
const EACH: usize = 4;
/// How many kills one queue survives before it is looked at.
const ROUND: u64 = 400;

fn produce((queue, progress, producer): (Queue<Stamp>, Value<u64>, u64)) {
    let mut number = 0;
    loop {
        if number % 3 == 0 {
            let many = [0, 1, 2, 3].map(|i| (producer, number + i));
            queue.put_many(&many).expect("is open");
            number += 4;
        } else {
            queue.put(&(producer, number)).expect("is open");
            number += 1;
        }
        progress.store(number);
    }
}

fn consume((queue, connection): (Queue<Stamp>, Connection)) {
    loop {
        let items = match queue.len() % 2 {
            0 => queue.get_many(5),
            _ => queue.get().map(|item| vec![item]),
        };
        let items = match items {
            Err(Error::Closed) => return,
            items => items.expect("stamps"),
        };
        connection.send(&items).expect("the parent listens");
        for _ in items {
            queue.task_done().expect("it was taken");
        }
    }
}

/// The account of a queue whose users are killed all the time.
#[derive(Default)]
struct Account {
    /// What each producer had certainly put when it was killed.
    put: HashMap<u64, u64>,
    taken: HashSet<Stamp>,
    lost: u64,
    killed_consumers: u64,
}

impl Account {
    fn take(&mut self, from: &Connection) -> Result<(), Failure> {
        while let Some(items) = from.try_recv::<Vec<Stamp>>()? {
            for item in items {
                if !self.taken.insert(item) {
                    return Err(format!("{item:?} arrived twice").into());
                }
            }
        }
        Ok(())
    }

    /// Each producer's items are there from the first to the last, but for
    /// those that died with their consumers; returns how many those are.
    fn check(&self) -> Result<u64, Failure> {
        let mut ends: HashMap<u64, (u64, u64)> = HashMap::new();
        for &(producer, number) in &self.taken {
            let (end, count) = ends.entry(producer).or_default();
            *end = (number + 1).max(*end);
            *count += 1;
        }
        let mut missing = 0;
        for (producer, &put) in &self.put {
            let (end, count) = ends.get(producer).copied().unwrap_or_default();
            if end > put + 4 {
                return Err(format!("{end} of {put} items that were put").into());
            }
            missing += put.max(end) - count;
        }
        // A consumer may be killed between sending its items and marking them.
        let most = missing + 5 * self.killed_consumers;
        if !(missing..=most).contains(&self.lost) {
            return Err(format!("{missing} missing, {} lost", self.lost).into());
        }
        Ok(missing)
    }
}

/// Kills `kills` users of queues. What was put is taken once, or its loss is
/// reported by `join`.
///
/// # Errors
///
/// When an item is taken twice, or is missing and not reported.
pub fn soak(random: &mut Random, kills: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut left = kills;
    while left > 0 {
        let round = left.min(ROUND);
        round_of(random, round, &mut counts)?;
        left -= round;
    }
    Ok(counts)
}

fn round_of(
    random: &mut Random,
    kills: u64,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let queue = Queue::with_bytes(16, 300)?;
    let (here, there) = pipe()?;
    let mut account = Account::default();
    let mut next = 0;
    let mut start_producer = || {
        next += 1;
        let progress = Value::new(0)?;
        let argument = (queue.clone(), progress.clone(), next);
        Ok::<_, Error>((next, progress, Process::spawn(produce, argument)?))
    };
    let start_consumer = || Process::spawn(consume, (queue.clone(), there.clone()));
    let mut producers = Vec::new();
    let mut consumers = Vec::new();
    for _ in 0..EACH {
        producers.push(start_producer()?);
        consumers.push(start_consumer()?);
    }
    for _ in 0..kills {
        pass_time(random, Duration::from_millis(3));
        let victim = random.below(EACH as u64) as usize;
        if random.below(2) == 0 {
            let (id, progress, process) = producers.swap_remove(victim);
            drop(process);
            account.put.insert(id, progress.load());
            producers.push(start_producer()?);
        } else {
            drop(consumers.swap_remove(victim));
            account.killed_consumers += 1;
            consumers.push(start_consumer()?);
        }
        account.take(&here)?;
    }
    for (id, progress, process) in producers {
        drop(process);
        account.put.insert(id, progress.load());
    }
    queue.close()?;
    for mut consumer in consumers {
        while consumer.join_timeout(Duration::from_millis(1))?.is_none() {
            account.take(&here)?;
        }
    }
    account.take(&here)?;
    loop {
        match queue.join_timeout(PATIENCE) {
            Err(Error::Lost { count, .. }) => account.lost += count,
            Ok(true) => break,
            Ok(false) => return Err("what is left is neither done nor lost".into()),
            Err(error) => return Err(error.into()),
        }
    }
    let missing = account.check()?;
    counts.add("kills", kills);
    counts.add("items taken once", account.taken.len() as u64);
    counts.add("items that died with their taker", missing);
    counts.add("reported lost", account.lost);
    Ok(())
}

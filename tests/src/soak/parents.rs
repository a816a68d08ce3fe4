//! Parents that are killed at random moments: nobody outlives them.

use std::time::Duration;

use multiproc::{Pool, Process};
use rustix::process::Signal;

use super::{Counts, expect_no_children, pass_time};
use crate::system::{self, Watched};
use crate::{Random, sleep_for_ever};

/// Has a pool at work, which has a pool at work as long as `depth` is not zero,
/// and a process of its own beside.
fn own_pools(depth: u32) {
    let _process = Process::spawn(|()| -> () { sleep_for_ever() }, ());
    let Ok(pool) = Pool::new(2) else { return };
    loop {
        let deeper = (depth > 0).then(|| pool.apply_async(own_pools, depth - 1));
        for result in pool.imap(spin, 0..200).into_iter().flatten() {
            let _ = result;
        }
        drop(deeper);
    }
}

fn spin(number: u64) -> u64 {
    (0..number * 50).fold(number, |sum, next| sum.rotate_left(3) ^ next)
}

/// Starts such a parent `times` times, and kills it at a random moment; some of
/// the processes below it are stopped then.
///
/// # Errors
///
/// When a process is still there after 30 s.
pub fn soak(
    random: &mut Random,
    times: u64,
) -> Result<Counts, Box<dyn std::error::Error>> {
    let mut counts = Counts::default();
    for _ in 0..times {
        let depth = random.below(3) as u32;
        let parent = Process::spawn(own_pools, depth)?;
        pass_time(random, Duration::from_millis(30));
        let mut below = vec![parent.id()];
        let mut next = 0;
        while next < below.len() {
            below.extend(system::children(below[next]));
            next += 1;
        }
        if random.below(2) == 0 {
            // A stopped process cannot end by itself. Those that do not run
            // this program yet are left out: see the end of what
            // src/lifeline.rs says about itself.
            for id in &below {
                if random.below(2) == 0
                    && system::has_begun(*id)
                    && let Some(worker) = Watched::below(*id, std::process::id())
                {
                    counts.add("stopped", 1);
                    worker.signal(Signal::STOP);
                }
            }
        }
        parent.kill()?;
        if parent.join().is_ok() {
            return Err("a killed parent has a result".into());
        }
        expect_no_children()?;
        counts.add("parents", 1);
        counts.add("descendants", below.len() as u64 - 1);
    }
    Ok(counts)
}

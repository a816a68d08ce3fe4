//! Waits for a sign, first by looking again and again, then asleep.
//!
//! Chapter: sync
//! Run: `cargo run --example sync_event`

use multiproc::{Event, Process, Result, Value};
use rustix::time::{ClockId, clock_gettime};
use std::thread;
use std::time::Duration;

/// How long the sign lets wait for itself.
const PAUSE: Duration = Duration::from_millis(100);

// ANCHOR: wait
/// Looks until the flag is no longer 0; returns the processor time of that.
fn wait_busily((ready, flag): (Event, Value<u32>)) -> Duration {
    ready.set();
    while flag.load() == 0 {
        std::hint::spin_loop();
    }
    processor_time()
}

/// Sleeps until the event is set; returns the processor time of that.
fn wait_asleep((ready, event): (Event, Event)) -> Duration {
    ready.set();
    event.wait();
    processor_time()
}
// ANCHOR_END: wait

/// How long this process has kept a core busy so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn main() -> Result<()> {
    multiproc::init();

    // ANCHOR: main
    let (ready, flag) = (Event::new()?, Value::new(0)?);
    let process = Process::spawn(wait_busily, (ready.clone(), flag.clone()))?;
    // It waits for us from here on; or it has died, and nobody sets the event.
    while !ready.wait_timeout(PAUSE) && process.is_alive() {}
    thread::sleep(PAUSE);
    flag.store(1);
    println!("looking took {:?} of a core", process.join()?);

    let (ready, event) = (Event::new()?, Event::new()?);
    let process = Process::spawn(wait_asleep, (ready.clone(), event.clone()))?;
    while !ready.wait_timeout(PAUSE) && process.is_alive() {}
    thread::sleep(PAUSE);
    event.set();
    println!("sleeping took {:?} of a core", process.join()?);
    // ANCHOR_END: main
    Ok(())
}

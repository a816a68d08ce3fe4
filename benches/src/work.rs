//! Work of a known size that no compiler can leave out.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One task: where to start, and how many rounds to go.
pub type Grain = (u64, u32);

/// Mixes the bits of `start` for some rounds.
///
/// Each round needs the one before it, so neither the compiler nor the
/// processor can do two at once.
pub fn mix((start, rounds): Grain) -> u64 {
    let mut bits = start;
    for _ in 0..rounds {
        bits = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    bits
}

/// What [`mix`] makes of each task.
pub fn mix_all(tasks: &[Grain]) -> Vec<u64> {
    tasks.iter().copied().map(mix).collect()
}

/// `count` tasks that take about `duration` each on this machine.
pub fn grains(count: usize, duration: Duration) -> Vec<Grain> {
    let rounds = duration.as_secs_f64() / seconds_per_round();
    let rounds = (rounds.round() as u32).max(1);
    (0..count as u64).map(|start| (start, rounds)).collect()
}

/// The fastest of several looks: the others were disturbed.
fn seconds_per_round() -> f64 {
    const ROUNDS: u32 = 200_000;
    let looks = (0..9).map(|look| {
        let start = Instant::now();
        black_box(mix(black_box((look, ROUNDS))));
        start.elapsed().as_secs_f64() / f64::from(ROUNDS)
    });
    looks.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_matter() {
        assert_eq!(mix((7, 0)), 7);
        assert_ne!(mix((7, 1)), mix((7, 2)));
        assert_eq!(mix((mix((7, 2)), 3)), mix((7, 5)));
    }

    #[test]
    fn longer_tasks_have_more_rounds() {
        let short = grains(3, Duration::from_micros(1));
        let long = grains(3, Duration::from_millis(1));
        assert_eq!(short.len(), 3);
        assert!(short[0].1 * 10 < long[0].1);
    }
}

//! How Criterion measures here.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};

/// Criterion with this package's settings; the command line may change them.
///
/// Few samples of many operations each: a system with two cores and other
/// programs on it is too noisy for more digits, and the whole set of benches
/// should be done within a quarter of an hour.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(12)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200))
        .configure_from_args()
}

/// A group of benchmarks whose iterations are long: each sample has as many.
pub fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// `count`, or a hundredth of it when `cargo test` only looks whether it works.
pub fn scaled(count: usize) -> usize {
    if is_measuring() {
        count
    } else {
        count.div_ceil(100)
    }
}

/// Whether this is `cargo bench`: `cargo test` runs each benchmark only once.
pub fn is_measuring() -> bool {
    std::env::args().any(|word| word == "--bench")
}

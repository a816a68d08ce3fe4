//! The same work done in several ways, in turns.

use std::time::{Duration, Instant};

/// A piece of work, and the ways to do it.
pub(crate) struct Row {
    pub(crate) title: String,
    /// What there is many of in it.
    pub(crate) unit: &'static str,
    pub(crate) count: u64,
    /// The way that is compared with the others.
    pub(crate) ours: Way,
    pub(crate) others: Vec<Way>,
}

/// One way to do it.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// How many times as fast as this way ours must be, and shall be.
    pub(crate) must: Option<f64>,
    pub(crate) aim: Option<f64>,
    run: Box<dyn FnMut() -> Duration>,
}

impl Way {
    /// A way that measures itself.
    pub(crate) fn measured(
        name: &'static str,
        run: impl FnMut() -> Duration + 'static,
    ) -> Way {
        Way {
            name,
            must: None,
            aim: None,
            run: Box::new(run),
        }
    }

    /// A way that is measured from its start to its end.
    pub(crate) fn new(name: &'static str, mut run: impl FnMut() + 'static) -> Way {
        Way::measured(name, move || {
            let start = Instant::now();
            run();
            start.elapsed()
        })
    }

    /// A way that does only a part of the work, as all of it would take too
    /// long: its time counts `factor` times.
    pub(crate) fn scaled(mut self, factor: f64) -> Way {
        let mut run = self.run;
        self.run = Box::new(move || run().mul_f64(factor));
        self
    }

    pub(crate) fn must(mut self, must: f64, aim: f64) -> Way {
        (self.must, self.aim) = (Some(must), Some(aim));
        self
    }
}

/// What was measured of one row.
pub(crate) struct Outcome {
    /// Nanoseconds for all of the work.
    pub(crate) ours: Spread,
    pub(crate) others: Vec<Compared>,
}

pub(crate) struct Compared {
    pub(crate) time: Spread,
    /// How many times as fast ours is: more than 1 means faster.
    pub(crate) ratio: Spread,
}

/// The middle of several figures, and between what half of them lie.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Spread {
    fn of(figures: impl IntoIterator<Item = f64>) -> Spread {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let last = figures.len() - 1;
        Spread {
            low: figures[last / 4],
            middle: figures[last / 2],
            high: figures[last - last / 4],
        }
    }
}

impl Row {
    /// Measures all ways in turns, `rounds` times. What else the machine does
    /// meanwhile disturbs all of them alike, so that the ratios stay fair: each
    /// compares two measurements of one round.
    pub(crate) fn measure(&mut self, rounds: usize) -> Outcome {
        let mut times = vec![Vec::new(); 1 + self.others.len()];
        // The first round warms up.
        for round in 0..=rounds {
            let ways = std::iter::once(&mut self.ours).chain(&mut self.others);
            for (way, times) in ways.zip(&mut times) {
                let time = (way.run)().as_nanos() as f64;
                if round > 0 {
                    times.push(time.max(1.0));
                }
            }
        }
        let others = times[1..].iter().map(|other| Compared {
            time: Spread::of(other.iter().copied()),
            ratio: Spread::of(other.iter().zip(&times[0]).map(|(a, b)| a / b)),
        });
        Outcome {
            ours: Spread::of(times[0].iter().copied()),
            others: others.collect(),
        }
    }
}

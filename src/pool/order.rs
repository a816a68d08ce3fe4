//! Results that arrive in any order, put back into that of their items.

use std::collections::BTreeMap;

/// Keeps what arrives before its turn.
///
/// Each worker's results arrive in runs. A run is kept as a whole, so that it
/// costs little to put it where it belongs once its turn comes.
#[derive(Debug)]
pub(crate) struct Order<T> {
    /// Whose turn it is.
    next: usize,
    /// What has arrived from later indices on, by the first of them.
    early: BTreeMap<usize, Vec<T>>,
    /// The one of these that grows now, while it does, and the index after it.
    growing: Vec<T>,
    after: usize,
    kept: usize,
}

impl<T> Order<T> {
    pub(crate) fn new() -> Order<T> {
        Order {
            next: 0,
            early: BTreeMap::new(),
            growing: Vec::new(),
            after: 0,
            kept: 0,
        }
    }

    /// Takes in what has arrived for an index; what is in its turn then, this
    /// and what waited for it, goes to `out`.
    #[inline(always)]
    pub(crate) fn add(&mut self, index: usize, value: T, out: &mut impl Extend<T>) {
        if index == self.next {
            out.extend(Some(value));
            self.next += 1;
            if self.kept > 0 {
                self.catch_up(out);
            }
            return;
        }
        if index != self.after {
            self.end_run();
        }
        self.growing.push(value);
        self.after = index + 1;
        self.kept += 1;
    }

    fn catch_up(&mut self, out: &mut impl Extend<T>) {
        self.end_run();
        while let Some(run) = self.early.first_entry()
            && *run.key() == self.next
        {
            let run = run.remove();
            self.next += run.len();
            self.kept -= run.len();
            out.extend(run);
        }
    }

    fn end_run(&mut self) {
        if !self.growing.is_empty() {
            let run = std::mem::take(&mut self.growing);
            self.early.insert(self.after - run.len(), run);
        }
    }

    /// How much is here that waits for its turn.
    pub(crate) fn kept(&self) -> usize {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_becomes_that_of_the_indices() {
        for arrival in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            let mut order = Order::new();
            let mut out = Vec::new();
            for (count, index) in arrival.into_iter().enumerate() {
                order.add(index, index, &mut out);
                assert_eq!(order.kept() + out.len(), count + 1);
            }
            assert_eq!(out, [0, 1, 2, 3]);
        }
    }
}

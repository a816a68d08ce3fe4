//! Results that arrive in any order, put back into that of their items.

use std::collections::VecDeque;

/// Keeps what arrives before its turn.
#[derive(Debug)]
pub(crate) struct Order<T> {
    /// Whose turn it is.
    next: usize,
    /// What has arrived from there on; none where nothing has.
    early: VecDeque<Option<T>>,
    kept: usize,
}

impl<T> Order<T> {
    pub(crate) fn new() -> Order<T> {
        Order {
            next: 0,
            early: VecDeque::new(),
            kept: 0,
        }
    }

    /// Takes in what has arrived for an index; gives it back at once if it is
    /// its turn.
    #[inline]
    pub(crate) fn add(&mut self, index: usize, value: T) -> Option<T> {
        let place = index - self.next;
        if place == 0 {
            self.early.pop_front();
            self.next += 1;
            return Some(value);
        }
        if self.early.len() <= place {
            self.early.resize_with(place + 1, || None);
        }
        self.early[place] = Some(value);
        self.kept += 1;
        None
    }

    /// Whose turn it is now, if that has arrived.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<T> {
        self.early.front()?.as_ref()?;
        self.next += 1;
        self.kept -= 1;
        self.early.pop_front().flatten()
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
                out.extend(order.add(index, index));
                out.extend(std::iter::from_fn(|| order.next()));
                assert_eq!(order.kept() + out.len(), count + 1);
            }
            assert_eq!(out, [0, 1, 2, 3]);
        }
    }
}

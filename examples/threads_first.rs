//! The same map and the same queue with threads: what to reach for first.
//!
//! Chapter: threads
//! Run: `cargo run --example threads_first`

use crossbeam::channel;
use rayon::prelude::*;
use std::thread;

fn main() {
    // ANCHOR: map
    // rayon: a pool of threads. The closure borrows what it needs, nothing is
    // copied or packed, and starting it costs microseconds.
    let exponent = 2;
    let numbers = [1, 2, 3, 4, 5];
    let squares: Vec<i64> = numbers
        .par_iter()
        .map(|number| i64::pow(*number, exponent))
        .collect();
    println!("{squares:?}");
    // ANCHOR_END: map

    // ANCHOR: queue
    // crossbeam: bounded channels with many producers and many consumers. Each
    // thread owns its end; the channel closes when the last sender is dropped.
    let (number_sender, number_receiver) = channel::bounded(8);
    let (square_sender, square_receiver) = channel::bounded(8);

    let (count, sum) = thread::scope(|scope| {
        for first in [1_u64, 2] {
            let sender = number_sender.clone();
            scope.spawn(move || {
                for number in (first..=100).step_by(2) {
                    sender.send(number).expect("the workers take");
                }
            });
        }
        // ANCHOR_END: queue
        // ANCHOR: workers
        for _ in 0..3 {
            let receiver = number_receiver.clone();
            let sender = square_sender.clone();
            scope.spawn(move || {
                for number in receiver {
                    sender.send(number * number).expect("we collect");
                }
            });
        }
        drop((number_sender, number_receiver, square_sender)); // our own ends

        square_receiver
            .iter()
            .fold((0, 0), |(count, sum), square| (count + 1, sum + square))
    });
    println!("{count} squares, their sum is {sum}");
    // ANCHOR_END: workers
}

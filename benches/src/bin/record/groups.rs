//! What there is to measure, and how the book shows it.

use benches::Group;

const SIZES: &[&str] = &["8B", "1KiB", "64KiB", "1MiB"];

/// The benches, and the groups that each measures.
pub(crate) const BENCHES: &[(&str, &[Group])] = &[
    (
        "process",
        &[Group {
            name: "process_start",
            title: "Start something that doubles a number, and wait for the result",
            question: "What does a start cost?",
            axis: "",
            inputs: &[],
        }],
    ),
    (
        "pool",
        &[
            Group {
                name: "pool_grain",
                title: "A map in two workers, by the time that a task takes",
                question: "From which task on does the price of a process vanish?",
                axis: "time of a task",
                inputs: &["100ns", "1us", "10us", "100us", "1ms", "10ms"],
            },
            Group {
                name: "pool_apply",
                title: "One small task, there and back",
                question: "What does it cost to let somebody else do it?",
                axis: "",
                inputs: &[],
            },
            Group {
                name: "pool_count",
                title: "A map of tasks that only add one, by how many they are",
                question: "What does a task cost among many?",
                axis: "number of tasks",
                inputs: &["1k", "10k", "100k", "1M", "10M"],
            },
        ],
    ),
    (
        "queue",
        &[
            Group {
                name: "queue_1_1",
                title: "A queue between one producer and one consumer",
                question: "How much goes through, by the size of an item?",
                axis: "size of an item",
                inputs: SIZES,
            },
            Group {
                name: "queue_2_1",
                title: "A queue between two producers and one consumer",
                question: "What do two producers cost each other?",
                axis: "size of an item",
                inputs: SIZES,
            },
            Group {
                name: "queue_2_2",
                title: "A queue between two producers and two consumers",
                question: "And two consumers?",
                axis: "size of an item",
                inputs: SIZES,
            },
            Group {
                name: "queue_many",
                title: "Numbers through a queue, one by one and 32 at a time",
                question: "What does one call for many items save?",
                axis: "items in a call",
                inputs: &["1", "32"],
            },
        ],
    ),
    (
        "pipe",
        &[Group {
            name: "pipe_round_trip",
            title: "A message there and back",
            question: "How long does an answer take, by the size of a message?",
            axis: "size of a message",
            inputs: SIZES,
        }],
    ),
    (
        "shared",
        &[
            Group {
                name: "shared_atomic",
                title: "Add one to a shared number, without a lock",
                question: "Does it matter who shares it, threads or processes?",
                axis: "one or two that add",
                inputs: &["alone", "contended"],
            },
            Group {
                name: "shared_lock",
                title: "Add one to a shared number, under its lock",
                question: "What does a lock cost that survives its holder?",
                axis: "one or two that add",
                inputs: &["alone", "contended"],
            },
        ],
    ),
    (
        "sync",
        &[
            Group {
                name: "sync_barrier",
                title: "Two that meet at a barrier",
                question: "What does meeting cost?",
                axis: "",
                inputs: &[],
            },
            Group {
                name: "sync_condition",
                title: "Two that take turns by a condition",
                question: "What does telling the other cost?",
                axis: "",
                inputs: &[],
            },
            Group {
                name: "sync_semaphore",
                title: "Two that share the one permit of a semaphore",
                question: "What does a permit cost that comes back from the dead?",
                axis: "",
                inputs: &[],
            },
        ],
    ),
    (
        "large",
        &[
            Group {
                name: "large_sum",
                title: "Two workers add up an array",
                question: "What does copying cost, and what does sharing save?",
                axis: "size of the array",
                inputs: &["1MiB", "64MiB"],
            },
            Group {
                name: "large_hand_over",
                title: "Hand an array over, and hear that it is there",
                question: "What does copying cost?",
                axis: "size of the array",
                inputs: &["1MiB", "64MiB"],
            },
        ],
    ),
    (
        "failure",
        &[Group {
            name: "failure_survive",
            title: "A task that fails, and one after it that does not",
            question: "What does surviving cost?",
            axis: "how it fails",
            inputs: &["panic", "crash"],
        }],
    ),
];

/// The comparison with Python, which is no bench of Criterion's.
pub(crate) const AGAINST_PYTHON: Group = Group {
    name: "against_python",
    title: "The same work in Rust and in Python, in turns",
    question: "What does the same machine make of each?",
    axis: "work",
    inputs: &[],
};

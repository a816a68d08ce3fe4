//! Measures what each step towards speed bought, from the history: the library
//! as it was before a step and as it was after it, with the benches of today.
//! Keeps the figures in `benches/results/steps.json`, where the book finds them.
//!
//! Run: `cargo run --release -p benches --bin steps -- [--rounds N]`

mod tree;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use benches::{Figure, Group};
use serde_json::Value;
use tree::Tree;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A change that was made for speed.
struct Step {
    name: &'static str,
    /// The commit that made it.
    commit: &'static str,
    /// The row of `against_python` that shows it.
    row: &'static str,
}

const fn step(name: &'static str, commit: &'static str, row: &'static str) -> Step {
    Step { name, commit, row }
}

/// The steps, in the order of the history.
const STEPS: &[Step] = &[
    // The caller that waits looks after the workers itself.
    step("lead", "585c5ec2e5", "pool_apply"),
    // One byte of header.
    step("header", "9f8b53e0eb", "pool_map"),
    // A connection looks before it sleeps.
    step("look", "1b446932ca", "pipe_round_trip"),
    // Looks at a lock grow rarer.
    step("rarely", "24feb0074a", "value_locked"),
    // What was just written is not read in another size.
    step("size", "a3a51afb83", "pool_map"),
    // The workers are kept busy while the caller reads and writes.
    step("busy", "f215f85749", "pool_map"),
];

const GROUP: Group = Group {
    name: "steps",
    title: "The library before and after each step",
    question: "What did each step towards speed buy?",
    axis: "step",
    inputs: &[],
};

/// How often one run of `against_python` measures its row.
const ROUNDS_OF_A_RUN: &str = "3";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = rounds(&words).and_then(measure);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("steps: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How often each state is run.
fn rounds(words: &[String]) -> Outcome<usize> {
    match words {
        [] => Ok(11),
        [option, number] if option == "--rounds" => match number.parse() {
            Ok(rounds) if rounds > 0 => Ok(rounds),
            _ => Err("--rounds needs a number above 0".into()),
        },
        _ => Err("there is nothing to choose but --rounds N".into()),
    }
}

fn measure(rounds: usize) -> Outcome<()> {
    for step in STEPS {
        tree::look_up(step.commit).map_err(|error| step.failed(error))?;
    }
    let tree = Tree::new()?;
    let mut figures = Vec::new();
    for step in STEPS {
        let both = step.measure(&tree, rounds);
        figures.extend(both.map_err(|error| step.failed(error))?);
    }
    GROUP.write("cargo run --release -p benches --bin steps", &figures)
}

impl Step {
    /// Runs the states before and after the step in turns: what else the machine
    /// does meanwhile disturbs both alike.
    fn measure(&self, tree: &Tree, rounds: usize) -> Outcome<[Figure; 2]> {
        println!("{} ({}, {})", self.name, self.commit, self.row);
        let before = tree.build(&format!("{}^", self.commit), "before")?;
        let after = tree.build(self.commit, "after")?;
        let mut times = [Vec::new(), Vec::new()];
        let mut count = 0;
        for _ in 0..rounds {
            for (program, times) in [&before, &after].into_iter().zip(&mut times) {
                let (time, elements) = self.run(program)?;
                times.push(time);
                count = elements;
            }
        }
        let [before, after] = times.map(median);
        let each = |time: f64| time / count as f64;
        println!(
            "  before {:.1} ns, after {:.1} ns: {:.2} times as fast",
            each(before),
            each(after),
            before / after
        );
        let figure = |series: &str, nanoseconds| Figure {
            series: series.to_owned(),
            input: self.name.to_owned(),
            nanoseconds,
            interval: None,
            elements: Some(count),
            bytes: None,
        };
        Ok([figure("before", before), figure("after", after)])
    }

    /// How many nanoseconds the row takes the processes of `program`, and for how
    /// many elements.
    fn run(&self, program: &Path) -> Outcome<(f64, u64)> {
        let mut command = Command::new(program);
        command.args([self.row, "--json", "--rounds", ROUNDS_OF_A_RUN]);
        let found: Value = serde_json::from_str(&tree::said(&mut command)?)?;
        let lines = found["lines"].as_array().ok_or("there are no lines")?;
        let ours = |line: &&Value| {
            line["work"] == self.row && line["series"] == "processes"
        };
        let line = lines.iter().find(ours).ok_or("there is no such line")?;
        let time = line["nanoseconds"].as_f64();
        let figure = time.zip(line["count"].as_u64());
        Ok(figure.ok_or("the line has no figures")?)
    }

    fn failed(&self, error: impl std::fmt::Display) -> String {
        format!("step {} ({}): {error}", self.name, self.commit)
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() - 1) / 2]
}

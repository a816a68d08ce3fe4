//! The exercises, graded by the real thing: each starter, solution and wrong answer.

use std::path::Path;
use std::process::ExitCode;

use grader::rehearsal::{Repetitions, rehearse};
use grader::workbook::Workbook;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    grader::init();
    let arguments = Arguments::from_args();
    let workbook =
        Workbook::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .expect("the tests run in the workbook");
    // The repetitions under load are in `cargo soak`.
    let once = Repetitions {
        solution: 1,
        others: 1,
    };
    let exercises = workbook.manifest.exercises.iter();
    let trials = exercises.map(|exercise| {
        let (workbook, exercise) = (workbook.clone(), exercise.clone());
        let name = format!("exercise_{}", exercise.id);
        let trial =
            move || rehearse(&workbook, &exercise, once).map_err(Failed::from);
        Trial::test(name, trial)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

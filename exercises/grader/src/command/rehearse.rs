//! Grades what the workbook itself holds, and says whether it is as it should be.

use std::io::{self, Write, stdout};
use std::process::ExitCode;
use std::time::Instant;

use crate::rehearsal::{Repetitions, rehearse};
use crate::workbook::Workbook;

/// How often an answer that is not the solution is graded at most.
const OTHERS: usize = 3;

pub(super) fn run(
    workbook: &Workbook,
    names: &[String],
    rounds: usize,
) -> io::Result<ExitCode> {
    if rounds == 0 {
        return Err(io::Error::other("nothing would be graded in 0 rounds"));
    }
    let named = names.iter().map(|name| workbook.exercise(name));
    let mut exercises = named.collect::<io::Result<Vec<_>>>()?;
    if exercises.is_empty() {
        exercises.extend(&workbook.manifest.exercises);
    }
    let repetitions = Repetitions {
        solution: rounds,
        others: rounds.min(OTHERS),
    };
    let mut failed = 0;
    for exercise in &exercises {
        let begin = Instant::now();
        let outcome = rehearse(workbook, exercise, repetitions);
        let seconds = begin.elapsed().as_secs_f64();
        match &outcome {
            Ok(()) => writeln!(
                stdout(),
                "{}: as it should be; {seconds:.1} s",
                exercise.name()
            )?,
            Err(complaint) => {
                failed += 1;
                writeln!(
                    stdout(),
                    "{}: {seconds:.1} s\n{complaint}\n",
                    exercise.name()
                )?;
            }
        }
    }
    writeln!(
        stdout(),
        "{failed} of {} exercises failed; solutions {rounds} times each, all other \
         answers {} times",
        exercises.len(),
        repetitions.others
    )?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

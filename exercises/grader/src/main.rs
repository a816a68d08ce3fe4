//! `cargo grade`: the learner's and the instructor's command.

use std::process::ExitCode;

fn main() -> ExitCode {
    grader::init();
    grader::command::main()
}

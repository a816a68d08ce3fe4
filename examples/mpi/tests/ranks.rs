//! The MPI programs with 1, 2 and 4 ranks, against the sequential result.

use std::process::{Command, Output};

const RANKS: [usize; 3] = [1, 2, 4];

/// Runs a program with so many ranks.
fn mpiexec(ranks: usize, program: &str, arguments: &[&str]) -> Output {
    Command::new("mpiexec")
        .args(["-n", &ranks.to_string(), program])
        .args(arguments)
        .output()
        .expect("mpiexec is there: it comes with MPICH")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_map_is_the_sequential_one() {
    let numbers: Vec<i64> = (0..9).map(|i| i * i - 20).collect();
    // No number would be the default; fewer numbers than ranks, and more.
    for length in 1..=numbers.len() {
        let numbers = &numbers[..length];
        let squares: Vec<i64> = numbers.iter().map(|n| n * n).collect();
        let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for ranks in RANKS {
            let output = mpiexec(ranks, env!("CARGO_BIN_EXE_pool_map"), &words);
            assert_eq!(text(&output.stdout), format!("{squares:?}\n"), "{output:?}");
            assert!(output.status.success());
        }
    }
}

#[test]
fn without_arguments_it_is_the_first_example() {
    for ranks in RANKS {
        let output = mpiexec(ranks, env!("CARGO_BIN_EXE_pool_map"), &[]);
        assert_eq!(text(&output.stdout), "[1, 4, 9, 16, 25]\n");
    }
}

#[test]
fn wrong_numbers_are_refused_once_and_end_all_ranks() {
    for ranks in RANKS {
        for (word, message) in [
            ("x", "not a whole number of 64 bits: x"),
            (
                "4000000000",
                "the square of 4000000000 does not fit into 64 bits",
            ),
        ] {
            let output =
                mpiexec(ranks, env!("CARGO_BIN_EXE_pool_map"), &["3", word, "1"]);
            assert_eq!(text(&output.stdout), "");
            assert_eq!(
                text(&output.stderr).matches(message).count(),
                1,
                "{output:?}"
            );
            assert_eq!(output.status.code(), Some(2));
        }
    }
}

#[test]
fn the_log_is_the_one_of_one_machine() {
    let expected = include_str!("../../output/capstone_logs.txt");
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/access.log");
    for ranks in RANKS {
        let output = mpiexec(ranks, env!("CARGO_BIN_EXE_task_queue"), &[log]);
        assert_eq!(text(&output.stdout), expected, "{output:?}");
    }
}

#[test]
fn a_log_that_cannot_be_read_ends_all_ranks() {
    for ranks in RANKS {
        for arguments in [vec![], vec!["/nonexistent"], vec!["/"]] {
            let output =
                mpiexec(ranks, env!("CARGO_BIN_EXE_task_queue"), &arguments);
            assert_eq!(text(&output.stdout), "");
            assert_eq!(output.status.code(), Some(2), "{output:?}");
        }
    }
}

/// What a rank says before it ends the job goes into a file: the launcher ends with
/// it, and may lose what it had not passed on.
#[test]
fn a_dead_rank_ends_the_job() {
    for how in ["panic", "abort"] {
        let name = format!("rank-dies-{}-{how}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = path.to_string_lossy();
        let script = "exec \"$0\" \"$1\" 2>>\"$2\"";
        let program = env!("CARGO_BIN_EXE_rank_dies");
        let output = mpiexec(3, "sh", &["-c", script, program, how, &*file]);
        let said = std::fs::read(&path).expect("the dead rank had opened it");
        std::fs::remove_file(&path).expect("it is there");
        assert!(!output.status.success());
        assert!(!text(&output.stdout).contains("is through"), "{output:?}");
        if how == "panic" {
            let said = text(&said);
            assert!(said.contains("rank 2 panicked at"), "{said}");
            assert!(said.contains("this rank cannot go on"), "{said}");
        }
    }
}

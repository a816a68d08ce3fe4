//! Programs that misbehave: each gets its verdict, and nothing of it is left.

#![expect(unsafe_code, reason = "makes this process ignore a signal")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use grader::look::descendants;
use grader::package::{self, Built, Source};
use grader::run::{Event, Finished, Plan, Run, Stop};
use grader::supervise::{Containment, Exit};
use grader::workbook::Workbook;
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Signal, getuid};

type Case = fn(&Path, Containment) -> Result<(), String>;

const CASES: &[(&str, Case)] = &[
    ("asking_again_is_a_deadlock", asking_again_is_a_deadlock),
    ("daemon_is_found_and_ended", daemon_is_found_and_ended),
    ("deadlock_names_who_waits", deadlock_names_who_waits),
    ("first_run_is_graded", first_run_is_graded),
    ("flood_is_stopped", flood_is_stopped),
    ("forged_answer_does_not_count", forged_answer_does_not_count),
    (
        "grader_is_told_of_a_killed_helper",
        grader_is_told_of_a_killed_helper,
    ),
    ("left_files_are_seen", left_files_are_seen),
    ("killed_visitor_is_lost", killed_visitor_is_lost),
    ("lost_update_can_be_forced", lost_update_can_be_forced),
    ("memory_of_a_process_is_seen", memory_of_a_process_is_seen),
    ("polling_is_quiet_while_held", polling_is_quiet_while_held),
    (
        "polling_wakes_and_waiting_does_not",
        polling_wakes_and_waiting_does_not,
    ),
    (
        "signals_that_are_ignored_do_not_help",
        signals_that_are_ignored_do_not_help,
    ),
    (
        "signal_reaches_the_whole_group",
        signal_reaches_the_whole_group,
    ),
    (
        "signal_reaches_who_is_graded_in_the_background",
        signal_reaches_who_is_graded_in_the_background,
    ),
    ("sleeper_meets_its_deadline", sleeper_meets_its_deadline),
    ("spinning_is_busy_waiting", spinning_is_busy_waiting),
    ("stopped_child_is_a_deadlock", stopped_child_is_a_deadlock),
    ("storm_is_bounded", storm_is_bounded),
    ("zombie_is_counted", zombie_is_counted),
];

fn main() -> ExitCode {
    grader::init();
    let mut arguments = Arguments::from_args();
    // Each case asks whether this process has anything left below it.
    arguments.test_threads = Some(1);
    let built = build();
    let program = &built.programs["engine_misbehave"];
    let mut trials = Vec::new();
    for (name, case) in CASES {
        for (suffix, containment) in [
            ("namespace", Containment::Namespace),
            ("subreaper", Containment::Subreaper),
        ] {
            let program = program.clone();
            trials.push(Trial::test(format!("{name}_{suffix}"), move || {
                case(&program, containment)?;
                let left = descendants(std::process::id());
                if left.is_empty() {
                    return Ok(());
                }
                Err(Failed::from(format!("processes are left: {left:?}")))
            }));
        }
    }
    trials.push(Trial::test("refused_namespace_does_no_harm", || {
        refused_namespace_does_no_harm().map_err(Failed::from)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether an answer gets a namespace, where it shall: this machine may have none to
/// give to this user.
fn is_inside(how: Containment) -> bool {
    how == Containment::Namespace && namespaces_are_given()
}

fn namespaces_are_given() -> bool {
    let mut unshare = Command::new("unshare");
    if !getuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let output = unshare
        .args(["--fork", "--pid", "--mount-proc", "true"])
        .output();
    output.expect("util-linux is installed").status.success()
}

fn build() -> Built {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workbook = Workbook::open(&folder.join("../..")).expect("it is here");
    let source = Source {
        name: "engine_misbehave".to_owned(),
        path: folder.join("tests/answers/misbehave.rs"),
    };
    let built = package::build(&workbook, &[source], &mut |_| {});
    let built = built.expect("cargo runs");
    let there = built.programs.contains_key("engine_misbehave");
    assert!(there, "{:?} {}", built.messages, built.cargo);
    built
}

fn start(
    program: &Path,
    containment: Containment,
    what: &str,
) -> Result<Run, String> {
    let plan = Plan {
        arguments: vec![what.to_owned()],
        containment,
        ..Plan::default()
    };
    Run::start(program, plan).map_err(|stop| stop.to_string())
}

fn finish(
    program: &Path,
    containment: Containment,
    what: &str,
) -> Result<Finished, String> {
    start(program, containment, what)?
        .finish()
        .map_err(|stop| stop.to_string())
}

fn expect(right: bool, seen: &impl std::fmt::Debug) -> Result<(), String> {
    if right {
        Ok(())
    } else {
        Err(format!("got {seen:?}"))
    }
}

fn spinning_is_busy_waiting(program: &Path, how: Containment) -> Result<(), String> {
    let stop = start(program, how, "spins")?.event();
    expect(matches!(stop, Err(Stop::Spinning)), &stop)
}

fn sleeper_meets_its_deadline(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let plan = Plan {
        arguments: vec!["sleeps".to_owned()],
        containment: how,
        deadline: Duration::from_secs(2),
        ..Plan::default()
    };
    let mut run = Run::start(program, plan).map_err(|stop| stop.to_string())?;
    let stop = run.event();
    expect(matches!(stop, Err(Stop::Deadline(_))), &stop)
}

fn first_run_is_graded(program: &Path, how: Containment) -> Result<(), String> {
    let finished = finish(program, how, "answers")?;
    expect(finished.answer == Some(7.into()), &finished)
}

/// This program once more, without the right to make a namespace.
fn refused_namespace_does_no_harm() -> Result<(), String> {
    if !namespaces_are_given() {
        return Ok(()); // all the other cases have been refused one
    }
    let mut words = Vec::new();
    if !getuid().is_root() {
        words.extend(["unshare", "--user", "--map-root-user"]);
    }
    words.extend(["setpriv", "--bounding-set=-sys_admin"]);
    words.push("--inh-caps=-sys_admin");
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(words[0])
        .args(&words[1..])
        .arg(this)
        .args(["--exact", "first_run_is_graded_namespace"])
        .output()
        .map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stdout);
    expect(
        output.status.success() && told.contains("1 passed"),
        &output,
    )
}

fn flood_is_stopped(program: &Path, how: Containment) -> Result<(), String> {
    let stop = start(program, how, "floods")?.event();
    expect(matches!(stop, Err(Stop::Flooded)), &stop)
}

fn storm_is_bounded(program: &Path, how: Containment) -> Result<(), String> {
    let mut run = start(program, how, "storms")?;
    let stop = run.event();
    let most = run.look().processes.len();
    expect(matches!(stop, Err(Stop::Storm(_))), &stop)?;
    expect(most < 310, &most)
}

fn signals_that_are_ignored_do_not_help(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let mut run = start(program, how, "ignores")?;
    let held = run.gather(1).map_err(|stop| stop.to_string())?;
    expect(held.len() == 1, &held)?;
    let shell = run
        .look()
        .living()
        .map(|it| it.id)
        .find(|id| *id != run.main());
    run.signal(shell.ok_or("there is no shell")?, Signal::TERM);
    run.settle().map_err(|stop| stop.to_string())?;
    let alive = run.look().living().count();
    expect(alive >= 2, &alive)
}

fn daemon_is_found_and_ended(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let finished = finish(program, how, "daemonises")?;
    expect(finished.end.alive.len() == 1, &finished.end)?;
    expect(finished.answer == Some(7.into()), &finished.answer)
}

fn zombie_is_counted(program: &Path, how: Containment) -> Result<(), String> {
    let mut run = start(program, how, "leaves a zombie")?;
    run.gather(1).map_err(|stop| stop.to_string())?;
    // It has started a process; when all is at rest, that one has ended.
    run.settle().map_err(|stop| stop.to_string())?;
    expect(run.look().zombies().count() == 1, &run.look())?;
    let finished = run.finish().map_err(|stop| stop.to_string())?;
    expect(finished.end.unreaped == 1, &finished.end)?;
    expect(finished.end.alive.is_empty(), &finished.end)
}

fn stopped_child_is_a_deadlock(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let stop = start(program, how, "stops a child")?.event();
    let Err(Stop::Deadlocked(lines)) = &stop else {
        return expect(false, &stop);
    };
    expect(
        lines.iter().any(|line| line.contains("has been stopped")),
        lines,
    )
}

fn asking_again_is_a_deadlock(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let stop = start(program, how, "asks again")?.event();
    expect(matches!(stop, Err(Stop::Deadlocked(_))), &stop)
}

fn deadlock_names_who_waits(program: &Path, how: Containment) -> Result<(), String> {
    let stop = start(program, how, "deadlocks")?.event();
    let Err(Stop::Deadlocked(lines)) = &stop else {
        return expect(false, &stop);
    };
    let told = lines.join("\n");
    let parent = told.contains("the main process") && told.contains("to end");
    let child =
        told.contains("waits to read from pipe 0, whose other end is held by");
    expect(parent && child && !told.contains("nobody"), lines)
}

fn grader_is_told_of_a_killed_helper(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let plan = Plan {
        arguments: vec!["kills its parent".to_owned()],
        containment: how,
        ..Plan::default()
    };
    // It may do so before the helper has said that it runs.
    let stop = Run::start(program, plan).and_then(|mut run| run.finish());
    match (is_inside(how), stop) {
        // Process 1 of a namespace cannot be killed from inside.
        (true, Ok(finished)) => expect(finished.answer == Some(7.into()), &finished),
        (false, Err(Stop::HelperLost)) => Ok(()),
        (_, other) => expect(false, &other),
    }
}

fn forged_answer_does_not_count(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let finished = finish(program, how, "forges")?;
    expect(finished.answer.is_none(), &finished.answer)?;
    let finished = finish(program, how, "lets a child answer")?;
    expect(finished.answer.is_none(), &finished.answer)?;
    let finished = finish(program, how, "answers")?;
    expect(finished.answer == Some(7.into()), &finished.answer)
}

fn left_files_are_seen(program: &Path, how: Containment) -> Result<(), String> {
    let finished = finish(program, how, "leaves files")?;
    expect(finished.files == ["forgotten"], &finished.files)?;
    if is_inside(how) {
        return expect(
            finished.end.shared_memory == ["forgotten"],
            &finished.end.shared_memory,
        );
    }
    // Without a view of its own, the file is really there.
    std::fs::remove_file("/dev/shm/forgotten").map_err(|error| error.to_string())
}

fn polling_is_quiet_while_held(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let mut run = start(program, how, "polls")?;
    let held = run.gather(2).map_err(|stop| stop.to_string())?;
    expect(held.len() == 1 && held[0].process != run.main(), &held)?;
    run.release(&held[0]);
    let left = run.event().map_err(|stop| stop.to_string())?;
    expect(left == Event::Left(held[0].clone(), None), &left)?;
    expect(
        run.end().is_none_or(|end| end.exit == Exit::Code(0)),
        &run.end(),
    )
}

fn killed_visitor_is_lost(program: &Path, how: Containment) -> Result<(), String> {
    let mut run = start(program, how, "visits in a child")?;
    let held = run.gather(1).map_err(|stop| stop.to_string())?;
    expect(held.len() == 1 && held[0].process != run.main(), &held)?;
    let inside = is_inside(how);
    expect((held[0].inner != held[0].process) == inside, &held)?;
    run.signal(held[0].process, Signal::KILL);
    let event = run.event().map_err(|stop| stop.to_string())?;
    expect(event == Event::Lost(held[0].clone()), &event)?;
    let finished = run.finish().map_err(|stop| stop.to_string())?;
    expect(finished.answer == Some(9.into()), &finished.answer)
}

/// Both load, one is held before it stores, and the other runs to its end.
fn lost_update_can_be_forced(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let conduct = |hold: bool| -> Result<Finished, Stop> {
        let plan = Plan {
            arguments: vec!["updates twice".to_owned()],
            containment: how,
            ..Plan::default()
        };
        let mut run = Run::start(program, plan)?;
        let loads = run.gather(2)?;
        run.release(&loads[0]);
        let first = loop {
            run.settle()?;
            let stored = run.held().into_iter().find(|it| it.is_at("store number"));
            if let Some(stored) = stored {
                break stored;
            }
        };
        if !hold {
            run.release(&first);
            run.settle()?;
        }
        run.release(&loads[1]);
        run.settle()?;
        for visit in run.held().into_iter().rev() {
            run.release(&visit);
            run.settle()?;
        }
        run.finish()
    };
    let lost = conduct(true).map_err(|stop| stop.to_string())?;
    expect(lost.answer == Some(1.into()), &lost)?;
    let saw = |event: &Event| matches!(event, Event::Left(_, Some(0)));
    expect(
        lost.log.iter().filter(|event| saw(event)).count() == 2,
        &lost.log,
    )?;
    let kept = conduct(false).map_err(|stop| stop.to_string())?;
    expect(kept.answer == Some(2.into()), &kept)
}

fn memory_of_a_process_is_seen(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let mut run = start(program, how, "holds memory")?;
    let held = run.gather(1).map_err(|stop| stop.to_string())?;
    expect(held[0].number() == Some(32 << 20), &held)?;
    let memory = run.memory(held[0].process);
    expect((32 << 20..40 << 20).contains(&memory.own), &memory)?;
    expect(run.descriptors(held[0].process).len() >= 4, &held)
}

fn polling_wakes_and_waiting_does_not(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let time = Duration::from_secs(1);
    let mut polls = start(program, how, "polls")?;
    polls.gather(1).map_err(|stop| stop.to_string())?;
    let mut wakes = 0;
    // A busy machine may give it no core for seconds, one after the other.
    for _ in 0..60 {
        wakes = polls.wakes(time).map_err(|stop| stop.to_string())?;
        if wakes > 3 {
            break;
        }
    }
    expect(wakes > 3, &wakes)?;
    let mut waits = start(program, how, "visits in a child")?;
    waits.gather(1).map_err(|stop| stop.to_string())?;
    waits.settle().map_err(|stop| stop.to_string())?;
    let wakes = waits.wakes(time).map_err(|stop| stop.to_string())?;
    expect(wakes == 0, &wakes)
}

fn signal_reaches_the_whole_group(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let mut run = start(program, how, "visits in a child")?;
    run.gather(1).map_err(|stop| stop.to_string())?;
    run.signal_group(Signal::INT);
    let finished = run.finish().map_err(|stop| stop.to_string())?;
    expect(finished.end.exit == Exit::Signal(2), &finished.end)?;
    let lost = |event: &Event| matches!(event, Event::Lost(_));
    expect(finished.log.iter().any(lost), &finished.log)
}

/// There, a shell makes the grader ignore what Ctrl-C sends.
fn signal_reaches_who_is_graded_in_the_background(
    program: &Path,
    how: Containment,
) -> Result<(), String> {
    let set = |action| {
        // SAFETY: (1) a handler could run at any instruction; (2) there is none,
        // the signal is ignored or ends the process; (3) others have their own.
        unsafe { libc::signal(libc::SIGINT, action) }
    };
    let before = set(libc::SIG_IGN);
    let outcome = signal_reaches_the_whole_group(program, how);
    set(before);
    outcome
}

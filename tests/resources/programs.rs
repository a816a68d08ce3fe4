//! Programs of their own that live under bad conditions.

#![expect(unsafe_code, reason = "does what hostile code does")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use multiproc::{Connection, Error, Pool, Process, pipe};
use rustix::process::{Resource, Signal, geteuid};
use tests::{Outcome, PATIENCE, expect, system};

use super::{limit, square};

const PART: &str = "TESTS_PART";

pub(super) fn has_part() -> bool {
    std::env::var_os(PART).is_some()
}

/// What this program does when it is started with a part to play.
pub(super) fn play_part() {
    let part = std::env::var(PART).unwrap_or_default();
    let outcome = match part.as_str() {
        "work" => work(),
        "delete" => delete_executable(),
        "replace" => replace_executable(),
        "few processes" => with_few_processes(),
        "descriptors under way" => with_descriptors_under_way(),
        other => panic!("no such part: {other}"),
    };
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Starts this program in a part; it must end well.
fn run(command: &mut Command, part: &str) -> Outcome {
    let output = command.env(PART, part).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    Ok(())
}

/// A process, a pipe and a pool, as far as they need the system.
fn work() -> Outcome {
    let (here, there) = pipe()?;
    let task =
        |connection: multiproc::Connection| connection.send(&square(4)).is_ok();
    assert!(Process::spawn(task, there)?.join()?);
    assert_eq!(expect::<u64>(&here)?, 16);
    let pool = Pool::new(2)?;
    assert_eq!(pool.map(square, 0..5)?, [0, 1, 4, 9, 16]);
    pool.close();
    Ok(())
}

fn close(descriptor: i32) {
    // SAFETY: (1) something could own it; (2) the standard streams are
    // nobody's; (3) other processes keep theirs.
    unsafe { libc::close(descriptor) };
}

/// Their numbers are given to whatever is opened next: to our sockets.
pub(super) fn standard_streams_that_are_closed() -> Outcome {
    let keep = [0, 1, 2].map(|descriptor| {
        // SAFETY: the standard streams are open at the start of a test.
        unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3) }
    });
    for closed in [&[0][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 1, 2]] {
        closed.iter().copied().for_each(close);
        let outcome = work();
        for &descriptor in closed {
            // SAFETY: gives the number back to the stream that had it.
            unsafe { libc::dup2(keep[descriptor as usize], descriptor) };
        }
        outcome?;
    }
    keep.into_iter().for_each(close);
    Ok(())
}

pub(super) fn standard_streams_that_were_closed_at_the_start() -> Outcome {
    let program = std::env::current_exe()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"exec "$0" <&- >&- 2>&-"#]).arg(program);
    run(&mut shell, "work")
}

/// Then the system forgets how children ended. Results come all the same.
pub(super) fn a_parent_that_ignores_its_children() -> Outcome {
    // SAFETY: (1) a handler could run at any instruction; (2) ignoring a
    // signal runs none; (3) the children inherit it, which this tests too.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    work()?;
    let (here, there) = pipe()?;
    let mut process = Process::spawn(
        |connection: multiproc::Connection| -> () {
            connection.send(&()).expect("the test listens");
            tests::sleep_for_ever();
        },
        there,
    )?;
    expect::<()>(&here)?;
    process.kill()?;
    let told = process.join_timeout(PATIENCE);
    let text = told.expect_err("it was killed").to_string();
    assert!(text.contains("SIGCHLD"), "{text}");
    assert!(text.contains(&process.id().to_string()), "{text}");
    let pool = Pool::new(1)?;
    let id = pool.apply(|()| std::process::id(), ())?;
    system::signal(id, Signal::KILL);
    assert_eq!(pool.apply(square, 3)?, 9);
    let died = pool.apply(|()| -> () { std::process::abort() }, ());
    assert!(matches!(died, Err(Error::Io { .. })), "{died:?}");
    Ok(())
}

/// A second name for this program, which can be taken away.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Result<Copy, Box<dyn std::error::Error>> {
        let program = std::env::current_exe()?;
        let path = program.with_extension(format!("{name}-{}", std::process::id()));
        fs::copy(program, &path)?;
        Ok(Copy(path))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn delete_executable() -> Outcome {
    let pool = Pool::new(1)?;
    assert_eq!(pool.apply(square, 2)?, 4);
    fs::remove_file(std::env::current_exe()?)?;
    work()
}

pub(super) fn an_executable_that_is_deleted() -> Outcome {
    let copy = Copy::new("deleted")?;
    run(&mut Command::new(&copy.0), "delete")?;
    assert!(!copy.0.exists());
    Ok(())
}

/// As a new build does it, while the old one still runs.
fn replace_executable() -> Outcome {
    let path = std::env::current_exe()?;
    let other = path.with_extension("other");
    fs::copy("/bin/false", &other)?;
    fs::rename(other, &path)?;
    assert!(!Command::new(path).status()?.success());
    work()
}

pub(super) fn an_executable_that_is_replaced() -> Outcome {
    let copy = Copy::new("replaced")?;
    run(&mut Command::new(&copy.0), "replace")
}

fn with_few_processes() -> Outcome {
    limit(Resource::Nproc, 12)?;
    let (_here, there) = pipe()?;
    let mut processes = Vec::new();
    let error = loop {
        assert!(processes.len() < 50, "the limit is not reached");
        let wait =
            |connection: multiproc::Connection| connection.recv::<()>().is_ok();
        match Process::spawn(wait, there.clone()) {
            Ok(process) => processes.push(process),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("ulimit -u"), "{error}");
    drop(processes);
    let pool = Pool::new(30)?;
    let squares: Vec<u64> = (0..300).map(square).collect();
    assert_eq!(pool.map(square, 0..300)?, squares);
    pool.close();
    work()
}

/// The limit is for a user, and does not bind root: so this needs a user that
/// nothing else runs as, which only root can become.
pub(super) fn too_few_processes() -> Outcome {
    if !geteuid().is_root() {
        limit(Resource::Nproc, 1)?;
        let refused = Process::spawn(square, 1);
        let text = refused.err().ok_or("the limit is not kept")?.to_string();
        assert!(text.contains("ulimit -u"), "{text}");
        return Ok(());
    }
    run_as_nobody_else("few processes")
}

fn run_as_nobody_else(part: &str) -> Outcome {
    // Root's folders may be closed to others.
    let folder = std::env::temp_dir().join(format!("tests-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let program = folder.join("program");
    fs::copy(std::env::current_exe()?, &program)?;
    let outcome = run(
        Command::new(&program)
            .uid(54_321)
            .gid(54_321)
            .current_dir("/"),
        part,
    );
    fs::remove_dir_all(folder)?;
    outcome
}

/// As many descriptors are sent and not received as the user may have under way.
fn with_descriptors_under_way() -> Outcome {
    limit(Resource::Nofile, 256)?;
    let (here, there) = pipe()?;
    let (_mine, yours) = pipe()?;
    let many = vec![yours; 100];
    let mut messages = 0;
    while here.send_timeout(&many, Duration::ZERO)? {
        messages += 1;
        assert!(messages < 10, "the limit is not kept");
    }
    let error = Process::spawn(square, 1).err().ok_or("there is no room")?;
    assert!(error.to_string().contains("ulimit -n"), "{error}");

    // Those who have them under way take them by and by, as new processes do.
    let taker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        (0..messages).try_for_each(|_| there.recv::<Vec<Connection>>().map(drop))
    });
    assert_eq!(Process::spawn(square, 3)?.join()?, 9);
    taker.join().expect("does not panic")?;
    Ok(())
}

/// The limit does not bind root either.
pub(super) fn too_many_descriptors_under_way() -> Outcome {
    if !geteuid().is_root() {
        return run(
            &mut Command::new(std::env::current_exe()?),
            "descriptors under way",
        );
    }
    run_as_nobody_else("descriptors under way")
}

//! A program that misbehaves as its first argument says.

use std::env;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio, exit};
use std::thread;
use std::time::Duration;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("spins") => loop {
            std::hint::spin_loop();
        },
        Some("polls") => {
            // Looks again and again for something that never comes.
            let _child = again("visits").spawn();
            loop {
                thread::sleep(Duration::from_millis(2));
            }
        }
        Some("asks again") => {
            let mut cat = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
            while cat.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_millis(20));
            }
        }
        Some("sleeps") => thread::sleep(Duration::from_secs(3600)),
        Some("floods") => loop {
            println!("more and more and more");
        },
        Some("storms") => loop {
            let _ = again("storms").spawn();
        },
        Some("ignores") => {
            let mut shell = Command::new("sh");
            let ignoring = "trap '' TERM INT; echo; while :; do sleep 1000; done";
            let shell = shell.args(["-c", ignoring]).stdout(Stdio::piped());
            let mut shell = shell.spawn().unwrap();
            // Unblocked when the shell has begun to ignore them.
            let _ = shell.stdout.as_mut().unwrap().read(&mut [0]).unwrap();
            probe::point("ready", 0);
            shell.wait().unwrap();
        }
        Some("daemonises") => {
            let daemon = Command::new("setsid")
                .args(["-f", "sleep", "1000"])
                .status();
            assert!(daemon.unwrap().success());
            probe::answer(&7);
        }
        Some("leaves a zombie") => {
            let child = Command::new("true").spawn().unwrap();
            probe::point("started", i64::from(child.id()));
        }
        Some("stops a child") => {
            let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
            kill("-STOP", child.id());
            child.wait().unwrap();
        }
        Some("kills its parent") => {
            kill("-KILL", std::os::unix::process::parent_id());
            probe::answer(&7);
        }
        Some("forges") => {
            let address = env::var("GRADE_PROBE").unwrap();
            let (_, path) = address.split_once(':').unwrap();
            let mut stream = UnixStream::connect(path).unwrap();
            let answer = r#"{"nonce":"guessed","request":{"Answer":{"value":7}}}"#;
            writeln!(stream, "{answer}").unwrap();
            let _ = stream.read(&mut [0]);
        }
        Some("lets a child answer") => {
            assert!(again("answers").status().unwrap().success());
        }
        Some("answers") => probe::answer(&7),
        Some("visits") => drop(probe::samples(1)[0].enter()),
        Some("deadlocks") => {
            // The child waits for the end of its input, and the parent for the child.
            let mut cat = Command::new("cat");
            let mut child = cat.stdin(Stdio::piped()).spawn().unwrap();
            let input = child.stdin.take();
            child.wait().unwrap();
            drop(input);
        }
        Some("updates twice") => {
            // Two processes add 1 to a number in a file, with nothing to order them.
            std::fs::write("number", "0").unwrap();
            let children = [again("updates").spawn(), again("updates").spawn()];
            for child in children {
                assert!(child.unwrap().wait().unwrap().success());
            }
            let number = std::fs::read_to_string("number").unwrap();
            probe::answer(&number.parse::<i64>().unwrap());
        }
        Some("updates") => {
            let read =
                || std::fs::read_to_string("number").unwrap().parse().unwrap();
            let seen = probe::load("number", read);
            let write = |number: i64| std::fs::write("number", number.to_string());
            probe::store("number", seen + 1, |number| write(number).unwrap());
        }
        Some("visits in a child") => {
            let status = again("visits").status().unwrap();
            probe::answer(&std::os::unix::process::ExitStatusExt::signal(&status));
        }
        Some("holds memory") => {
            let memory = vec![1_u8; 32 << 20];
            probe::point("held", memory.iter().map(|byte| i64::from(*byte)).sum());
        }
        Some("leaves files") => {
            std::fs::write(env::temp_dir().join("forgotten"), "x").unwrap();
            std::fs::write("/dev/shm/forgotten", "x").unwrap();
        }
        other => {
            eprintln!("what is {other:?}?");
            exit(1);
        }
    }
}

fn again(what: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(what);
    command
}

fn kill(signal: &str, process: u32) {
    let status = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

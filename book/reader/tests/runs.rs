//! Runs of examples: what a page is told, and that nothing is left of them.

mod support;

use rustix::process::Signal;
use std::time::{Duration, Instant};
use support::server::Server;

/// How much more memory the server may have after many runs, in KiB.
const MOST_GROWTH: u64 = 4 * 1024;

#[test]
fn output_comes_with_its_stream_and_status() {
    let server = Server::start();
    let mut lines = server.run(&["hello", "1", "2"]);
    let started = lines.until("started");
    assert_eq!(started["command"], "cargo run --example busy -- hello 1 2");
    let (mut out, mut err) = (String::new(), String::new());
    let end = loop {
        let line = lines.next().unwrap();
        let text = line["text"].as_str().unwrap_or_default();
        match line["kind"].as_str().unwrap() {
            "out" => out.push_str(text),
            "err" => err.push_str(text),
            "end" => break line,
            other => panic!("{other}"),
        }
    };
    assert_eq!(out, "out [\"hello\", \"1\", \"2\"]\n");
    assert_eq!(err, "err\n");
    assert_eq!((&end["how"], &end["code"]), (&"ended".into(), &0.into()));
    assert!(lines.next().is_none());
}

#[test]
fn ends_are_told_apart() {
    let server = Server::start();
    assert_eq!(server.run(&["seven"]).end()["code"], 7);
    assert_eq!(server.run(&["abort"]).end()["signal"], 6);
    assert_eq!(server.run(&["flood"]).end()["how"], "output");
    // Whether it has come to its wait by then, nobody knows.
    assert_eq!(server.run_example("short", &[]).end()["how"], "deadline");
    server.all_gone();
}

#[test]
fn what_does_not_compile_is_told() {
    let server = Server::start();
    server
        .repository
        .write("examples/busy.rs", "fn main() { none() }\n");
    let mut lines = server.run(&[]);
    let mut said = String::new();
    let failed = loop {
        let line = lines.next().unwrap();
        match line["kind"].as_str().unwrap() {
            "building" => said.push_str(line["text"].as_str().unwrap()),
            "failed" => break line,
            _ => {}
        }
    };
    assert!(said.contains("cannot find function `none`"), "{said}");
    assert!(
        failed["text"]
            .as_str()
            .unwrap()
            .contains("does not compile"),
        "{failed}"
    );
    assert!(lines.next().is_none());
}

#[test]
fn stop_ends_the_whole_family() {
    let server = Server::start();
    let mut lines = server.run(&["family"]);
    let number = lines.until("accepted")["run"].clone();
    let family = [server.waiting(), server.waiting(), server.waiting()];
    let wrong = server.post("/api/stop", "{\"run\": 999}");
    assert_eq!(wrong.body, "{\"stopped\":false}");
    let stopped = server.post("/api/stop", &format!("{{\"run\": {number}}}"));
    assert_eq!(stopped.body, "{\"stopped\":true}");
    assert_eq!(lines.end()["how"], "stopped");
    for member in family {
        member.gone();
    }
    server.all_gone();
}

#[test]
fn what_an_example_leaves_behind_is_ended_and_told() {
    let server = Server::start();
    let lines = server.run(&["orphan"]);
    let end = lines.end();
    assert_eq!((&end["how"], &end["left"]), (&"ended".into(), &1.into()));
    server.all_gone();
}

#[test]
fn one_at_a_time() {
    let server = Server::start();
    let mut first = server.run(&["wait"]);
    let number = first.until("accepted")["run"].clone();
    let waiting = server.waiting();
    let mut second = server.run(&["hello"]);
    let refused = second.next().unwrap();
    assert!(
        refused["error"].as_str().unwrap().contains("is running"),
        "{refused}"
    );
    let answer = server.post("/api/run", "{\"example\": \"busy\"}");
    assert_eq!(answer.status, 409);
    server.post("/api/stop", &format!("{{\"run\": {number}}}"));
    assert_eq!(first.end()["how"], "stopped");
    waiting.gone();
    let third = server.run(&["hello"]);
    assert_eq!(third.end()["code"], 0);
}

#[test]
fn a_closed_page_ends_its_run() {
    let server = Server::start();
    let lines = server.run(&["family"]);
    let family = [server.waiting(), server.waiting(), server.waiting()];
    drop(lines);
    for member in family {
        member.gone();
    }
    server.all_gone();
}

#[test]
fn no_end_of_the_server_leaves_anything_running() {
    for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
        let mut server = Server::start();
        let _lines = server.run(&["family"]);
        let family = [server.waiting(), server.waiting(), server.waiting()];
        server.end(signal);
        for member in family {
            member.gone();
        }
        server.all_gone();
        assert_eq!(server.temporary_files(), 0);
    }
}

/// Eight of them, or as many as `READER_KILLS` says, at moments from the request
/// for a run to long after its program was built and started.
#[test]
fn a_server_killed_at_any_moment_leaves_nothing() {
    let kills = number_from("READER_KILLS", 8);
    for kill in 0..kills {
        let mut server = Server::start();
        let _lines = server.run(&["family"]);
        // The moment is the input of this test.
        std::thread::sleep(Duration::from_millis(2_000 * kill / kills));
        server.end(Signal::KILL);
        server.all_gone();
        assert_eq!(server.temporary_files(), 0, "kill {kill} of {kills}");
    }
}

/// 300 of them, or as many as `READER_RUNS` says.
#[test]
fn many_runs_and_disconnects_leave_nothing() {
    let runs = number_from("READER_RUNS", 300);
    let server = Server::start();
    let warm = server.run(&["hello"]).end();
    assert_eq!(warm["code"], 0);
    server.all_gone();
    let before = server.descriptors();
    // Each thread of the server takes some memory in the course of its first runs.
    let mut memory = 0;
    for round in 0..runs {
        if round == runs / 3 {
            memory = server.memory();
        }
        let lines = loop {
            // A page that has just gone may still hold the place for a moment.
            let mut lines =
                server.run(&[if round % 4 == 1 { "wait" } else { "hello" }]);
            if lines.next().unwrap()["kind"] == "accepted" {
                break lines;
            }
        };
        if round % 2 == 0 {
            assert_eq!(lines.end()["code"], 0);
        } else if round % 4 == 1 {
            let waiting = server.waiting();
            drop(lines);
            waiting.gone();
        }
        // Else the page goes while its run is still being prepared.
    }
    server.all_gone();
    // The last connections are closed by their own tasks.
    let limit = Instant::now() + Duration::from_secs(60);
    while server.descriptors() > before {
        assert!(
            Instant::now() < limit,
            "{} > {before}",
            server.descriptors()
        );
        std::thread::yield_now();
    }
    assert_eq!(server.temporary_files(), 0);
    let after = server.memory();
    eprintln!(
        "{runs} runs: {before} descriptors before and {} after; {memory} KiB after \
         a third of them and {after} after all",
        server.descriptors()
    );
    assert!(after < memory + MOST_GROWTH, "{memory} KiB, then {after}");
}

/// A number from the environment.
fn number_from(variable: &str, default: u64) -> u64 {
    let number = std::env::var(variable).ok();
    number.map_or(default, |number| number.parse().expect("a number"))
}

//! What the server must refuse, each with its exact answer, and nothing started.

mod support;

use std::io::Write;
use support::server::{Answer, Server};

const JSON: (&str, &str) = ("content-type", "application/json");
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const RUN: &str = "{\"example\": \"busy\"}";

/// Asks for a run with the right token, but for the headers given.
fn run(server: &Server, headers: &[(&str, &str)], body: &str) -> Answer {
    let token = server.token();
    let mut all = vec![("x-reader-token", token.as_str())];
    all.extend(headers);
    server.ask("POST /api/run", &all, body)
}

/// After all attacks the first run of all is still number 1.
fn nothing_was_started(server: &Server) {
    let mut lines = server.run(&[]);
    assert_eq!(lines.until("accepted")["run"], 1);
    assert_eq!(lines.end()["code"], 0);
}

#[test]
fn foreign_names_are_refused() {
    let server = Server::start_with(&["--allow-host", "book.example:80"]);
    let port = server.host().split(':').nth(1).unwrap();
    let name = format!("localhost:{port}");
    assert_eq!(server.ask("GET /", &[("host", &name)], "").status, 200);
    assert_eq!(
        server
            .ask("GET /", &[("host", "book.example:80")], "")
            .status,
        200
    );
    let wrong = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "127.0.0.1:1".to_owned(),
        "book.example".to_owned(),
        String::new(),
    ];
    for host in &wrong {
        for line in [
            "GET /",
            "GET /api/session",
            "GET /searcher.js",
            "POST /api/run",
        ] {
            let answer = server.ask(line, &[("host", host), SAME], "");
            assert_eq!(answer.status, 421, "{line} {host}");
        }
    }
    let absolute = server.ask("GET http://evil.example/", &[], "");
    assert_eq!(absolute.status, 421);
    let two = format!(
        "GET / HTTP/1.1\r\nhost: {0}\r\nhost: {0}\r\n\
                       connection: close\r\n\r\n",
        server.host()
    );
    assert_eq!(server.raw(two.as_bytes()).status, 421);
    let none = server.raw(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert_eq!(none.status, 421);
    nothing_was_started(&server);
}

#[test]
fn other_sites_and_strangers_are_refused() {
    let server = Server::start();
    let origin = format!("http://{}", server.host());
    for headers in [
        [("origin", "http://evil.example"), JSON],
        [("origin", "null"), JSON],
        [("sec-fetch-site", "cross-site"), JSON],
        [("sec-fetch-site", "same-site"), JSON],
    ] {
        assert_eq!(run(&server, &headers, RUN).status, 403, "{headers:?}");
    }
    let wrong = "0".repeat(32);
    for token in ["", "x", &wrong] {
        let headers = [JSON, SAME, ("origin", &origin), ("x-reader-token", token)];
        for path in [
            "run", "stop", "grade", "start", "reset", "events", "progress",
        ] {
            let answer = server.ask(&format!("POST /api/{path}"), &headers, "{}");
            assert_eq!(answer.status, 403, "{path} {token}");
        }
    }
    let stolen = format!("token={}", server.token());
    let answer =
        server.ask("POST /api/run", &[JSON, SAME, ("cookie", &stolen)], RUN);
    assert_eq!(answer.status, 403);
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
    ] {
        let answer = server.ask("GET /api/session", headers, "");
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(!answer.body.contains("token"), "{}", answer.body);
    }
    nothing_was_started(&server);
}

#[test]
fn other_methods_are_refused() {
    let server = Server::start();
    for line in [
        "GET /api/run",
        "PUT /api/run",
        "DELETE /api/run",
        "OPTIONS /api/run",
        "GET /api/events",
        "POST /api/session",
        "POST /",
        "DELETE /index.html",
        "PUT /source/src/pool.rs",
    ] {
        let answer = server.ask(line, &[SAME], "");
        assert_eq!(answer.status, 405, "{line}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    nothing_was_started(&server);
}

#[test]
fn other_bodies_are_refused() {
    let server = Server::start();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
    ] {
        let answer = run(&server, &[("content-type", kind), SAME], RUN);
        assert_eq!(answer.status, 415, "{kind}");
    }
    assert_eq!(run(&server, &[SAME], RUN).status, 415);

    let large = format!("{{\"example\": \"{}\"}}", "x".repeat(20_000));
    assert_eq!(run(&server, &[JSON, SAME], &large).status, 413);
    let chunks = format!(
        "POST /api/run HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         x-reader-token: {}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         4e20\r\n{}\r\n0\r\n\r\n",
        server.host(),
        server.token(),
        "x".repeat(20_000),
    );
    assert_eq!(server.raw(chunks.as_bytes()).status, 413);
    // The first fits into what the server reads at once, the last into nothing.
    for length in [20_000, 60_000, 500_000] {
        let padding = ("x-padding", &*"x".repeat(length));
        let answer = run(&server, &[JSON, SAME, padding], RUN);
        assert_eq!(answer.status, 431, "{length}");
    }

    for body in [
        "",
        "{",
        "[]",
        "{}",
        "{\"example\": 1}",
        "{\"example\": \"busy\", \"arguments\": \"hello\"}",
        "{\"example\": \"busy\", \"environment\": {\"PATH\": \"/\"}}",
        "{\"example\": \"none\"}",
        "{\"example\": \"\"}",
        "{\"example\": \"../busy\"}",
        "{\"example\": \"/bin/sh\"}",
        "{\"example\": \"--help\"}",
        "{\"example\": \"busy\\u0000\"}",
        "{\"example\": \"busy; id\"}",
        "{\"example\": \"busy\", \"arguments\": [\"nothing\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"--help\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"hello\", \"--\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"hello\", \"10\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"hello\", \"-1\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"hello\", \"$(id)\"]}",
        "{\"example\": \"busy\", \"arguments\": [\"hello\", \"1\", \"2\", \"3\", \"4\"]}",
    ] {
        assert_eq!(run(&server, &[JSON, SAME], body).status, 422, "{body}");
    }
    for path in ["grade", "start", "reset"] {
        for body in [
            "{}",
            "{\"exercise\": \"../x\"}",
            "{\"exercise\": \"--all\"}",
        ] {
            assert_eq!(
                server.post(&format!("/api/{path}"), body).status,
                422,
                "{body}"
            );
        }
    }
    nothing_was_started(&server);
}

#[test]
fn paths_lead_nowhere_else() {
    let server = Server::start();
    let root = server.repository.root();
    std::os::unix::fs::symlink("/etc/hostname", root.join("src/host.txt")).unwrap();
    server.repository.write(".git/config.toml", "secret");
    server.repository.write("target/x.rs", "secret");
    assert_eq!(server.ask("GET /source/src/pool.rs", &[], "").status, 200);
    for path in [
        "/../Cargo.toml",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/source/../Cargo.toml",
        "/source/src/../Cargo.toml",
        "/source/src/%2e%2e/Cargo.toml",
        "/source//etc/passwd",
        "/source/src/host.txt",
        "/source/Cargo.toml",
        "/source/.git/config.toml",
        "/source/target/x.rs",
        "/source/src",
        "/source/",
        "/book.toml",
        "/none.html",
    ] {
        let answer = server.ask(&format!("GET {path}"), &[], "");
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
        assert!(!answer.body.contains("secret"), "{path}");
        assert!(!answer.body.contains("root:"), "{path}");
    }
}

#[test]
fn slow_requests_are_ended() {
    // So long that on the busiest machine a whole request is there in time.
    let server = Server::start_with(&["--patience", "30"]);
    let token = server.token();
    let mut no_head = server.connect();
    no_head.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    let mut no_body = server.connect();
    let request = format!(
        "POST /api/run HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         x-reader-token: {token}\r\nconnection: close\r\ncontent-length: 19\r\n\r\n{{",
        server.host(),
    );
    no_body.write_all(request.as_bytes()).unwrap();
    for mut slow in [no_head, no_body] {
        assert_eq!(support::server::answer(&mut slow).status, 408);
    }
    nothing_was_started(&server);
}

#[test]
fn answers_keep_their_pages_to_themselves() {
    let server = Server::start();
    for path in ["/", "/one.html", "/none", "/source/src/pool.rs"] {
        let head = server.ask(&format!("GET {path}"), &[], "").head;
        for header in [
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
            "content-security-policy: default-src 'none'; script-src 'self' 'sha256-",
        ] {
            assert!(
                head.contains(header),
                "{path}: {header} is missing in {head}"
            );
        }
        let policy = head
            .lines()
            .find(|line| line.starts_with("content-sec"))
            .unwrap();
        let (scripts, _) = policy.split_once("style-src").unwrap();
        assert!(!scripts.contains("unsafe"), "{policy}");
    }
}

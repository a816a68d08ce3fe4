//! `cargo book` as a process of its own, and a browser's part played by hand.

use super::Repository;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nothing takes this long unless it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// A server on a repository of its own.
pub(crate) struct Server {
    pub(crate) repository: Repository,
    scratch: Repository,
    child: Child,
    host: String,
    mark: String,
    listener: UnixListener,
    /// The other end of this pipe is held by the server and by all that it starts,
    /// each from its first moment to its last.
    held: PipeReader,
    over: bool,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A program that tries out what an example may do.
const BUSY: &str = r#"//! Keeps busy in the way it is told.
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let way = words.first().map(String::as_str).unwrap_or("hello");
    let again = std::env::current_exe().unwrap();
    match way {
        "hello" => {
            println!("out {words:?}");
            eprintln!("err");
        }
        "seven" => std::process::exit(7),
        "abort" => std::process::abort(),
        "flood" => loop {
            println!("{}", "x".repeat(1000));
        },
        "wait" => wait(),
        "family" => {
            std::fs::write(std::env::temp_dir().join("litter"), "").unwrap();
            Command::new(&again).arg("wait").spawn().unwrap();
            hide();
            wait();
        }
        "orphan" => hide(),
        _ => unreachable!(),
    }
}

/// Starts a process that is in no family: another session, another parent.
fn hide() {
    let again = std::env::current_exe().unwrap();
    let mut command = Command::new("setsid");
    command.arg("--fork").arg(again).arg("wait").status().unwrap();
}

fn wait() {
    let path = std::env::var("READER_SOCKET").unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    writeln!(stream, "{}", std::process::id()).unwrap();
    loop {
        std::thread::park();
    }
}
"#;

const SETTINGS: &str = "[busy]\nseconds = 60\n[[busy.arguments]]\nname = \"way\"\n\
    kind = \"choice\"\nchoices = [\"hello\", \"seven\", \"abort\", \"flood\", \
    \"wait\", \"family\", \"orphan\"]\ncount = [0, 1]\n[[busy.arguments]]\n\
    name = \"numbers\"\nkind = \"integer\"\nleast = 0\nmost = 9\ncount = [0, 3]\n\
    [short]\nseconds = 1\n";

/// A chapter that a reader can play with.
pub(crate) const PLAY: &str = "# One\n\n{{#example busy}}\n\n{{#quiz why}}\n\n\
    | a | b |\n|---|---|\n| wide | table |\n";

impl Server {
    /// Starts one with the usual patience.
    pub(crate) fn start() -> Self {
        Server::start_with(&[])
    }

    /// Starts one with further words on its command line.
    pub(crate) fn start_with(words: &[&str]) -> Self {
        let repository = Repository::new();
        repository.write("examples/busy.rs", BUSY);
        let short = BUSY.replace("unwrap_or(\"hello\")", "unwrap_or(\"wait\")");
        repository.write("examples/short.rs", &short);
        repository.write("examples/output/busy.txt", "out []\n");
        repository.write("book/src/one.md", PLAY);
        repository.borrow_theme();
        repository.write("book/examples.toml", SETTINGS);
        repository.write(
            "Cargo.toml",
            "[package]\nname = \"small\"\nedition = \"2024\"\n[workspace]\n",
        );
        repository.write("src/lib.rs", "");
        Server::launch(repository, words)
    }

    /// Starts one on the workbook itself, in which it neither builds ahead nor
    /// follows changes.
    pub(crate) fn workbook() -> Self {
        Server::launch(Repository::workbook(), &["--still"])
    }

    /// Starts one on a copy of the workbook in which a learner can work.
    pub(crate) fn learner() -> Self {
        Server::launch(Repository::learners_copy(), &["--still"])
    }

    fn launch(repository: Repository, words: &[&str]) -> Self {
        let scratch = Repository::empty();
        fs::create_dir(scratch.root().join("temporary")).unwrap();
        // Without a terminal and with an own home for temporary files; the mark is
        // how what it starts is told from everything else on the machine.
        let mark = format!("READER_MARK={}", scratch.root().display());
        let (name, value) = mark.split_once('=').unwrap();
        let socket = scratch.root().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let (held, holding) = std::io::pipe().unwrap();
        // The shell turns the pipe into a descriptor that is inherited.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 9<&0 </dev/null"])
            .arg(env!("CARGO_BIN_EXE_reader"))
            .args(["--no-open", "--port", "0"])
            .args(words)
            .current_dir(repository.root())
            .env(name, value)
            .env("READER_SOCKET", &socket)
            .env("TMPDIR", scratch.root().join("temporary"))
            .stdin(holding)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .unwrap_or_else(|| panic!("{line}"));
        let host = address.split('/').next().unwrap().to_owned();
        Server {
            repository,
            scratch,
            child,
            host,
            mark,
            listener,
            held,
            over: false,
        }
    }

    /// The name and port that a browser uses.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// A connection, for requests that are not as they should be.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Sends bytes and reads the answer to its end.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server may refuse before it has read all of it.
        let _ = stream.write_all(request);
        answer(&mut stream)
    }

    /// Sends a request with the headers given and `Connection: close`.
    pub(crate) fn ask(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let host = ("host", self.host());
        let length = body.len().to_string();
        let mut all = vec![("connection", "close")];
        if !headers.iter().any(|(name, _)| *name == "host") {
            all.push(host);
        }
        if !body.is_empty() {
            all.push(("content-length", &length));
        }
        all.extend(headers.iter().filter(|(name, _)| !name.is_empty()));
        let mut request = format!("{line} HTTP/1.1\r\n");
        for (name, value) in all {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(format!("{request}\r\n{body}").as_bytes())
    }

    /// How many bytes a file has on its way to a browser that takes one encoding,
    /// without the head.
    pub(crate) fn size(&self, path: &str, encoding: &str) -> usize {
        let mut stream = self.connect();
        let request = format!(
            "GET /{path} HTTP/1.1\r\nhost: {}\r\naccept-encoding: {encoding}\r\n\
             connection: close\r\n\r\n",
            self.host,
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let mut places = bytes.windows(4);
        let end = places.position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let encoded = format!("content-encoding: {encoding}\r\n");
        assert!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        assert!(head.contains(&encoded), "{path}: {head}");
        bytes.len() - end
    }

    /// The token, as a page reads it.
    pub(crate) fn token(&self) -> String {
        let answer =
            self.ask("GET /api/session", &[("sec-fetch-site", "same-origin")], "");
        let session: Value = serde_json::from_str(&answer.body).unwrap();
        session["token"].as_str().unwrap().to_owned()
    }

    /// Asks for an action as a page does.
    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let token = self.token();
        let headers = [
            ("content-type", "application/json"),
            ("x-reader-token", &token),
            ("sec-fetch-site", "same-origin"),
        ];
        self.ask(&format!("POST {path}"), &headers, body)
    }

    /// Starts a run of `busy` and hands over its lines.
    pub(crate) fn run(&self, arguments: &[&str]) -> Lines {
        self.run_example("busy", arguments)
    }

    /// Starts a run of an example and hands over its lines.
    pub(crate) fn run_example(&self, name: &str, arguments: &[&str]) -> Lines {
        let body = serde_json::json!({"example": name, "arguments": arguments});
        let body = body.to_string();
        // Before the connection is there: the server waits for its request.
        let token = self.token();
        let mut stream = self.connect();
        let request = format!(
            "POST /api/run HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             x-reader-token: {token}\r\nconnection: close\r\ncontent-length: {}\r\n\
             \r\n{body}",
            self.host,
            body.len(),
        );
        stream.write_all(request.as_bytes()).unwrap();
        Lines {
            reader: BufReader::new(stream),
        }
    }

    /// A process of an example that waits, when it says that it is there.
    pub(crate) fn waiting(&self) -> Waiting {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        Waiting { reader }
    }

    /// Blocks until no process is left that this server started.
    pub(crate) fn all_gone(&self) {
        let limit = LIMIT.try_into().unwrap();
        if self.over {
            // One that executes its program this moment shows no mark.
            let mut polled = [PollFd::new(&self.held, PollFlags::IN)];
            assert_eq!(poll(&mut polled, Some(&limit)).unwrap(), 1);
        }
        loop {
            let mut found = self.started();
            found.retain(|pid| *pid != self.child.id().cast_signed());
            if found.is_empty() {
                return;
            }
            for pid in found {
                let pid = Pid::from_raw(pid).unwrap();
                // One that is gone already cannot be waited for, and need not be.
                if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) {
                    let mut polled = [PollFd::new(&handle, PollFlags::IN)];
                    assert_eq!(
                        poll(&mut polled, Some(&limit)).unwrap(),
                        1,
                        "{pid:?}"
                    );
                }
            }
        }
    }

    /// All processes that carry the server's mark.
    fn started(&self) -> Vec<i32> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let name = entry.file_name();
            let Ok(pid) = name.to_string_lossy().parse() else {
                continue;
            };
            let environment =
                fs::read(entry.path().join("environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            if variables.any(|variable| variable == self.mark.as_bytes()) {
                found.push(pid);
            }
        }
        found
    }

    /// How many descriptors the server has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    /// How much memory the server has of its own, in KiB. The kernel counts its
    /// pages here: the figures in `status` are sums that many cores keep apart.
    pub(crate) fn memory(&self) -> u64 {
        let pages = format!("/proc/{}/smaps_rollup", self.child.id());
        let pages = fs::read_to_string(pages).unwrap();
        let line = pages
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.unwrap().parse().unwrap()
    }

    /// How many temporary files there are.
    pub(crate) fn temporary_files(&self) -> usize {
        fs::read_dir(self.scratch.root().join("temporary"))
            .unwrap()
            .count()
    }

    /// Sends a signal to the server and waits for its end.
    pub(crate) fn end(&mut self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
        self.child.wait().unwrap();
        self.over = true;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process of an example.
pub(crate) struct Waiting {
    reader: BufReader<UnixStream>,
}

impl Waiting {
    /// Blocks until the process is gone.
    pub(crate) fn gone(mut self) {
        let mut rest = String::new();
        // A reset is an end as well.
        if let Err(error) = self.reader.read_to_string(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

/// The lines of a run, as they come. Dropping it is what a closed page does.
pub(crate) struct Lines {
    reader: BufReader<TcpStream>,
}

impl Lines {
    /// The next value that is no heartbeat; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 || line == "0\r\n" {
                return None;
            }
            // Between the lines are the lengths of the chunks, which are no JSON
            // objects.
            match serde_json::from_str::<Value>(&line) {
                Ok(value) if value.is_object() && value["kind"] != "beat" => {
                    return Some(value);
                }
                _ => {}
            }
        }
    }

    /// Reads on to how the run ended, and then until its place is free.
    pub(crate) fn end(mut self) -> Value {
        let end = self.until("end");
        assert!(self.next().is_none(), "something was told after the end");
        end
    }

    /// Reads on to the first value of a kind.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        let mut seen = Vec::new();
        while let Some(value) = self.next() {
            if value["kind"] == kind {
                return value;
            }
            seen.push(value);
        }
        panic!("no `{kind}` in {seen:?}");
    }
}

pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that refuses early may reset what it has not read.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_lowercase(),
        body: body.into(),
    }
}

//! Keeps one program and all that it starts, and ends them together.
//!
//! The server starts this as a process of its own between itself and a program:
//!
//! ```text
//! server                    supervisor                     program
//!   |  standard input: the lifeline |                          |
//!   |------------------------------>|  starts, subreaper       |
//!   |                               |------------------------->|--> its children
//!   |   {"kind":"out","text":"…"}   |      pipes               |
//!   |<------------------------------|<-------------------------|
//!   x  killed                       |  end of file             |
//!                                   |--- SIGSTOP, SIGKILL ---->x--> x
//! ```
//!
//! The lifeline's only other end is in the server: however the server goes, the
//! supervisor reads end of file and ends the whole tree. As a subreaper it stays
//! the parent of whatever a `setsid` and a double fork would hide.

use anyhow::{Context, Result};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write, stdin, stdout};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a program may take before it is ended.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Output, in bytes.
    pub output: usize,
}

/// What the supervisor tells the server, one JSON object a line.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    /// Standard output, as it comes.
    Out { text: &'a str },
    /// Standard error, as it comes.
    Err { text: &'a str },
    /// There was nothing to follow.
    Failed { text: &'a str },
    /// The program and all it started are gone.
    End {
        how: How,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        milliseconds: u128,
        /// How many processes were still there when the program ended.
        left: usize,
    },
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum How {
    /// The program ended.
    Ended,
    /// The reader asked for it.
    Stopped,
    /// The time was up.
    Deadline,
    /// There was too much output.
    Output,
}

/// What happens to a run.
enum Event {
    Text { is_error: bool, text: String },
    Closed,
    Ended(ExitStatus),
    Stop,
}

/// Runs a program to its end, or to the end of its limits or of the lifeline.
///
/// What goes wrong is told to the server, if it still listens.
pub fn supervise(words: &[String], limits: Limits) {
    if let Err(error) = start(words, limits) {
        let _ = say(&Line::Failed {
            text: &format!("{error:#}"),
        });
    }
}

fn start(words: &[String], limits: Limits) -> Result<()> {
    let (program, arguments) = words.split_first().context("no program is given")?;
    set_child_subreaper(Some(getpid())).context("no subreaper")?;
    let temporary = tempfile::tempdir().context("no folder for temporary files")?;
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("`{program}` cannot be started"))?;
    let tree = Tree {
        main: Pid::from_child(&child),
        temporary: Arc::new(Mutex::new(Some(temporary))),
    };
    let (sender, events) = sync_channel(8);
    listen(&mut child, &sender);
    hold_lifeline(sender.clone(), limits.time, tree.clone());
    thread::spawn(move || {
        if let Ok(status) = child.wait() {
            let _ = sender.send(Event::Ended(status));
        }
    });
    let mut following = Following {
        events,
        started,
        limits,
        open: 2,
        status: None,
    };
    let report = following.report(tree.main);
    // A server that does not listen any more leaves nothing behind either.
    tree.end();
    report
}

/// A program, all that it starts, and the folder for their temporary files, which a
/// compiler does not remove when it is killed.
#[derive(Clone)]
struct Tree {
    main: Pid,
    temporary: Arc<Mutex<Option<TempDir>>>,
}

impl Tree {
    /// Leaves nothing of it. Another thread may do the same at the same time: each
    /// returns when all is gone.
    fn end(&self) {
        end_tree(self.main);
        let temporary = self.temporary.lock();
        let mut temporary = temporary.unwrap_or_else(PoisonError::into_inner);
        drop(temporary.take());
    }
}

/// A run, as far as it has come.
struct Following {
    events: Receiver<Event>,
    started: Instant,
    limits: Limits,
    /// How many of the program's two streams have not ended.
    open: usize,
    status: Option<ExitStatus>,
}

impl Following {
    /// Follows a run to its end, ends what is left of it, and says how it went.
    fn report(&mut self, main: Pid) -> Result<()> {
        let how = self.follow()?;
        let left = descendants().len();
        end_tree(main);
        self.finish()?;
        let status = self.status.context("the program's end was not seen")?;
        say(&Line::End {
            how,
            code: status.code(),
            signal: status.signal(),
            milliseconds: self.started.elapsed().as_millis(),
            left: if how == How::Ended { left } else { 0 },
        })
    }

    /// Passes output on until the run is over, and tells why it is.
    fn follow(&mut self) -> Result<How> {
        let mut room = self.limits.output;
        loop {
            let rest = self.limits.time.saturating_sub(self.started.elapsed());
            match self.events.recv_timeout(rest) {
                Ok(Event::Text { is_error, text }) => {
                    tell(is_error, &text)?;
                    room = room.saturating_sub(text.len());
                    if room == 0 {
                        return Ok(How::Output);
                    }
                }
                Ok(Event::Stop) => return Ok(How::Stopped),
                Ok(event) => self.note(&event),
                Err(RecvTimeoutError::Timeout) => return Ok(How::Deadline),
                Err(RecvTimeoutError::Disconnected) => return Ok(How::Ended),
            }
            if self.status.is_some() {
                return Ok(How::Ended);
            }
        }
    }

    /// Passes on what is still in the pipes. Their ends come soon, as nobody is left
    /// who could hold them, unless they were passed to a stranger: hence the limit.
    fn finish(&mut self) -> Result<()> {
        let mut room = 64 * 1024_usize;
        while self.open > 0 || self.status.is_none() {
            match self.events.recv_timeout(Duration::from_secs(10)) {
                Ok(Event::Text { is_error, text }) if room > 0 => {
                    tell(is_error, &text)?;
                    room = room.saturating_sub(text.len());
                }
                Ok(event) => self.note(&event),
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Closed => self.open -= 1,
            Event::Ended(status) => self.status = Some(*status),
            Event::Text { .. } | Event::Stop => {}
        }
    }
}

/// Reads both of the program's streams, each on a thread.
fn listen(child: &mut Child, sender: &SyncSender<Event>) {
    let out = child
        .stdout
        .take()
        .map(|out| Box::new(out) as Box<dyn Read + Send>);
    let err = child
        .stderr
        .take()
        .map(|err| Box::new(err) as Box<dyn Read + Send>);
    for (is_error, stream) in [(false, out), (true, err)] {
        let (Some(mut stream), sender) = (stream, sender.clone()) else {
            continue;
        };
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            let mut bytes = Vec::new();
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..count]);
                let text = take_text(&mut bytes);
                if !text.is_empty()
                    && sender.send(Event::Text { is_error, text }).is_err()
                {
                    return;
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let _ = sender.send(Event::Text { is_error, text });
            let _ = sender.send(Event::Closed);
        });
    }
}

/// Takes what is whole: a character may be cut in two by the end of a read.
fn take_text(bytes: &mut Vec<u8>) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => bytes.len(),
    };
    let taken: Vec<u8> = bytes.drain(..whole).collect();
    String::from_utf8_lossy(&taken).into_owned()
}

/// Waits for a word or for the end of the lifeline.
///
/// The main thread may be blocked in a write to a server that does not read; so
/// these threads end the tree themselves where that cannot wait.
fn hold_lifeline(sender: SyncSender<Event>, time: Duration, tree: Tree) {
    let other = tree.clone();
    thread::spawn(move || {
        let mut word = [0];
        while let Ok(1) = stdin().read(&mut word) {
            let _ = sender.try_send(Event::Stop);
        }
        other.end();
        std::process::exit(1);
    });
    thread::spawn(move || {
        thread::sleep(time + Duration::from_secs(15));
        tree.end();
        std::process::exit(1);
    });
}

/// Ends all processes below this one: they are stopped until a look finds no new
/// one, so that none can start another behind our back, and then killed. `main`
/// is waited for by its own thread; orphans become our children as their parents
/// go, and are waited for here.
fn end_tree(main: Pid) {
    loop {
        let mut stopped = HashSet::new();
        loop {
            let found = descendants();
            let new: Vec<Pid> = found.difference(&stopped).copied().collect();
            if new.is_empty() {
                break;
            }
            for pid in new {
                let _ = kill_process(pid, Signal::STOP);
                stopped.insert(pid);
            }
        }
        if stopped.is_empty() {
            return;
        }
        for pid in &stopped {
            let _ = kill_process(*pid, Signal::KILL);
        }
        while descendants().intersection(&stopped).next().is_some() {
            for pid in stopped.iter().filter(|pid| **pid != main) {
                let _ = waitpid(Some(*pid), WaitOptions::NOHANG);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// All processes below this one, as procfs shows them now.
fn descendants() -> HashSet<Pid> {
    let mut parents = Vec::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        // pid (name) state parent …; the name may hold spaces and parentheses.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let rest = stat.rsplit(')').next().unwrap_or("");
        let parent = rest
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok());
        parents.extend(parent.map(|parent: i32| (pid, parent)));
    }
    let mut found = HashSet::new();
    let mut next = vec![getpid().as_raw_nonzero().get()];
    while let Some(above) = next.pop() {
        for (pid, _) in parents.iter().filter(|(_, parent)| *parent == above) {
            if let Some(pid) = Pid::from_raw(*pid)
                && found.insert(pid)
            {
                next.push(pid.as_raw_nonzero().get());
            }
        }
    }
    found
}

fn tell(is_error: bool, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    say(&if is_error {
        Line::Err { text }
    } else {
        Line::Out { text }
    })
}

fn say(line: &Line<'_>) -> Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut output = stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::take_text;

    #[test]
    fn a_character_cut_in_two_waits_for_its_rest() {
        let mut bytes = "aé".as_bytes()[..2].to_vec();
        assert_eq!(take_text(&mut bytes), "a");
        bytes.extend_from_slice(&"é".as_bytes()[1..]);
        assert_eq!(take_text(&mut bytes), "é");
        let mut broken = b"a\xffb".to_vec();
        assert_eq!(take_text(&mut broken), "a\u{fffd}b");
    }
}

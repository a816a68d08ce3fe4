//! Who waits for whom: told when nothing moves any more.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use super::Run;
use super::sockets::socket_peers;
use super::waits::{Wait, waiting};
use crate::look::{Look, Process, inner_id};

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq)]
enum Who {
    /// The main process, of this name.
    Main(String),
    /// Another process, by the id that the answer knows.
    Process(u32),
    /// A thread of the process of this name.
    Thread(String),
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Main(name) => write!(formatter, "{name}"),
            Who::Process(id) => write!(formatter, "process {id}"),
            Who::Thread(name) => write!(formatter, "a thread of {name}"),
        }
    }
}

/// What is to be told, with all those who do the same.
#[derive(Debug, Default)]
struct Lines {
    lines: Vec<(Vec<Who>, String)>,
}

impl Lines {
    fn add(&mut self, who: Who, what: String) {
        let alike = |others: &[Who]| match &who {
            Who::Main(_) => false,
            Who::Process(_) => matches!(others[0], Who::Process(_)),
            Who::Thread(_) => others[0] == who,
        };
        let mut lines = self.lines.iter_mut();
        match lines.find(|(others, other)| *other == what && alike(others)) {
            Some((others, _)) => others.push(who),
            None => self.lines.push((vec![who], what)),
        }
    }

    fn told(&self) -> Vec<String> {
        let told = self.lines.iter().map(|(all, what)| match &all[..] {
            [Who::Thread(name), _, ..] => {
                format!("each of {} threads of {name} {what}", all.len())
            }
            [one] => format!("{one} {what}"),
            all => {
                let ids = all.iter().filter_map(|who| match who {
                    Who::Process(id) => Some(id.to_string()),
                    _ => None,
                });
                let ids = ids.collect::<Vec<_>>().join(", ");
                format!("each of {} processes ({ids}) {what}", all.len())
            }
        });
        told.collect()
    }
}

/// Who has which pipe or socket open.
struct Descriptors {
    /// Process and number of the descriptor: what it stands for.
    targets: BTreeMap<(u32, i32), String>,
    /// The other end of each Unix socket, by inode.
    peers: BTreeMap<u64, u64>,
}

impl Run {
    /// One line for each thread that waits; one for all whose lines would be alike.
    pub(super) fn waits(&self) -> Vec<String> {
        let look = self.look();
        let descriptors = Descriptors::of(&look);
        let mut lines = Lines::default();
        for process in look.processes.values() {
            let who = if process.id == self.main() {
                Who::Main(self.name(process.id))
            } else {
                Who::Process(inner_id(process.id).unwrap_or(process.id))
            };
            if process.state == 'Z' {
                lines.add(who, "has ended; nobody has waited for it".to_owned());
                continue;
            }
            for thread in &process.threads {
                let what = match thread.state {
                    'T' | 't' => "has been stopped".to_owned(),
                    _ if self.keeps(process.id) && thread.id == process.id => {
                        "is at its work, where the grader keeps it".to_owned()
                    }
                    _ => self.wait_of(process, thread.id, &look, &descriptors),
                };
                if thread.id == process.id {
                    lines.add(who.clone(), what);
                } else {
                    lines.add(Who::Thread(self.name(process.id)), what);
                }
            }
        }
        lines.told()
    }

    /// Whether a process is being kept waiting, which only it and the grader know.
    fn keeps(&self, process: u32) -> bool {
        self.held().iter().any(|visit| visit.process == process)
    }

    fn wait_of(
        &self,
        process: &Process,
        thread: u32,
        look: &Look,
        descriptors: &Descriptors,
    ) -> String {
        let Some(waiting) = waiting(process.id, thread) else {
            return "waits, and the kernel does not tell for what".to_owned();
        };
        let ends = |numbers: &[i32]| -> String {
            let told = numbers
                .iter()
                .map(|number| self.descriptor(process.id, *number, descriptors));
            told.collect::<Vec<_>>().join(", or for ")
        };
        match waiting.wait {
            Wait::Read(number) => format!("waits to read from {}", ends(&[number])),
            Wait::Write(number) => {
                format!("waits for room to write to {}", ends(&[number]))
            }
            Wait::Any(numbers) if numbers.is_empty() => {
                "waits for one of several descriptors".to_owned()
            }
            Wait::Any(numbers) => format!("waits for {}", ends(&numbers)),
            Wait::Child(None) => {
                let mut all = look.living();
                let children: Vec<String> = all
                    .by_ref()
                    .filter(|other| other.parent == process.id)
                    .map(|other| self.name(other.id))
                    .collect();
                format!("waits for any of its children to end: {}", list(&children))
            }
            Wait::Child(Some(inner)) => {
                let child = look
                    .living()
                    .find(|other| inner_id(other.id) == Some(inner));
                let child = child.map(|child| self.name(child.id));
                let child = child.unwrap_or_else(|| format!("process {inner}"));
                format!("waits for {child} to end")
            }
            Wait::Memory(address) => format!(
                "waits for a lock, a condition or a thread (a word in memory at \
                 {address:#x})"
            ),
            Wait::Signal => "waits for a signal".to_owned(),
            Wait::Sleep => "sleeps".to_owned(),
            Wait::Other(call) => format!("waits in system call {call}"),
        }
    }

    /// A descriptor, and who else could make something happen on it.
    fn descriptor(&self, process: u32, number: i32, all: &Descriptors) -> String {
        let Some(target) = all.targets.get(&(process, number)) else {
            return format!("descriptor {number}");
        };
        let (kind, far_end) = match inode(target) {
            Some(inode) if target.starts_with("socket:") => {
                let peer = all.peers.get(&inode);
                let peer = peer.map(|peer| format!("socket:[{peer}]"));
                ("socket", peer.unwrap_or_default())
            }
            _ if target.starts_with("pipe:") => ("pipe", target.clone()),
            _ => return self.other_descriptor(process, number, target, all),
        };
        // The other end of a pipe is the one for the other direction.
        let writing = writes(process, number);
        let mut holders: Vec<String> = Vec::new();
        for ((holder, holds), other) in &all.targets {
            let same = (*holder, *holds) == (process, number);
            let far = *other == far_end
                && (kind == "socket" || writes(*holder, *holds) != writing);
            if far && !same {
                holders.push(self.name(*holder));
            }
        }
        holders.dedup();
        format!(
            "{kind} {number}, whose other end is held by {}",
            list(&holders)
        )
    }

    /// A descriptor that stands for a process, or for several others.
    fn other_descriptor(
        &self,
        process: u32,
        number: i32,
        target: &str,
        all: &Descriptors,
    ) -> String {
        let path = format!("/proc/{process}/fdinfo/{number}");
        let information = fs::read_to_string(path).unwrap_or_default();
        let values = |label: &str| -> Vec<i32> {
            let lines = information
                .lines()
                .filter_map(|line| line.strip_prefix(label));
            let words = lines.filter_map(|line| line.split_whitespace().next());
            words.filter_map(|word| word.parse().ok()).collect()
        };
        if let [id] = values("Pid:")[..] {
            return match u32::try_from(id) {
                Ok(id) if id > 0 => format!("the end of {}", self.name(id)),
                _ => "a process that has ended".to_owned(),
            };
        }
        if target.contains("eventpoll") {
            let watched = values("tfd:").into_iter().filter(|it| *it != number);
            let watched: Vec<String> = watched
                .map(|it| self.descriptor(process, it, all))
                .collect();
            return watched.join(", or for ");
        }
        format!("descriptor {number} ({target})")
    }

    /// A process, as the answer knows it.
    fn name(&self, process: u32) -> String {
        let id = inner_id(process).unwrap_or(process);
        if process == self.main() {
            return format!("the main process ({id})");
        }
        format!("process {id}")
    }
}

impl Descriptors {
    fn of(look: &Look) -> Descriptors {
        let mut targets = BTreeMap::new();
        for process in look.processes.keys() {
            let entries = fs::read_dir(format!("/proc/{process}/fd"));
            for entry in entries.into_iter().flatten().flatten() {
                let number =
                    entry.file_name().to_str().and_then(|it| it.parse().ok());
                if let (Some(number), Ok(target)) =
                    (number, fs::read_link(entry.path()))
                {
                    let target = target.to_string_lossy().into_owned();
                    targets.insert((*process, number), target);
                }
            }
        }
        Descriptors {
            targets,
            peers: socket_peers().unwrap_or_default(),
        }
    }
}

/// Whether the descriptor was opened for writing: the end of a pipe that can wake
/// a reader.
fn writes(process: u32, descriptor: i32) -> bool {
    let path = format!("/proc/{process}/fdinfo/{descriptor}");
    let information = fs::read_to_string(path).unwrap_or_default();
    let flags = information
        .lines()
        .find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & 3 != 0)
}

/// The number in `socket:[123]`.
fn inode(target: &str) -> Option<u64> {
    let (_, number) = target.split_once('[')?;
    number.trim_end_matches(']').parse().ok()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_wait_alike_are_told_in_one_line() {
        let mut lines = Lines::default();
        let reads = || "waits to read from socket 5".to_owned();
        lines.add(Who::Main("the main process (3)".to_owned()), reads());
        for id in [4, 5, 6] {
            lines.add(Who::Process(id), reads());
            lines.add(Who::Thread(format!("process {}", id / 5)), reads());
        }
        lines.add(Who::Process(7), "sleeps".to_owned());
        let expected = [
            "the main process (3) waits to read from socket 5",
            "each of 3 processes (4, 5, 6) waits to read from socket 5",
            "a thread of process 0 waits to read from socket 5",
            "each of 2 threads of process 1 waits to read from socket 5",
            "process 7 sleeps",
        ];
        assert_eq!(lines.told(), expected);
    }
}

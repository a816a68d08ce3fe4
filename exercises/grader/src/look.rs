//! What procfs says about a tree of processes at one moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One thread, as `/proc/PID/task/TID` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// The thread's id.
    pub id: u32,
    /// `R` running or runnable, `S` asleep, `T` stopped, `Z` ended.
    pub state: char,
    /// Nanoseconds on a core.
    pub running: u64,
    /// Nanoseconds spent waiting for a core.
    pub delayed: u64,
    /// How often it was put on a core: it has not moved while this stands still.
    pub slices: u64,
}

/// One process of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// The process's id, as this process sees it.
    pub id: u32,
    /// Its parent's id.
    pub parent: u32,
    /// The name of its program, at most 15 bytes.
    pub name: String,
    /// `Z`: it has ended, and its parent has not waited for it.
    pub state: char,
    /// Its threads.
    pub threads: Vec<Thread>,
}

/// All descendants of one process, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// By process id.
    pub processes: BTreeMap<u32, Process>,
}

impl Look {
    /// Looks at all descendants of `ancestor`, which is not part of the look.
    #[must_use]
    pub fn below(ancestor: u32) -> Look {
        Look::at(descendants(ancestor))
    }

    /// The same for a fraction of the price, where the kernel keeps lists of
    /// children. They are complete as long as no process starts or ends meanwhile:
    /// two such looks that are alike, with all asleep, have missed nobody.
    #[must_use]
    pub fn quick(ancestor: u32) -> Look {
        let mut found = Vec::new();
        let mut ahead = vec![ancestor];
        while let Some(parent) = ahead.pop() {
            for thread in numbers_in(&PathBuf::from(format!("/proc/{parent}/task")))
            {
                let path = format!("/proc/{parent}/task/{thread}/children");
                match fs::read_to_string(path) {
                    Ok(line) => {
                        let ids = line.split_whitespace().map(str::parse::<u32>);
                        ahead.extend(ids.map_while(Result::ok));
                    }
                    // A kernel without such lists.
                    Err(_) if parent == ancestor => return Look::below(ancestor),
                    Err(_) => {} // it has just ended
                }
            }
            found.push(parent);
        }
        found.retain(|id| *id != ancestor);
        Look::at(found)
    }

    fn at(ids: Vec<u32>) -> Look {
        let mut processes = BTreeMap::new();
        for id in ids {
            // A process that has gone since is no part of the tree any more.
            if let Some(process) = process(id) {
                processes.insert(id, process);
            }
        }
        Look { processes }
    }

    /// Whether no thread can go on by itself.
    #[must_use]
    pub fn asleep(&self) -> bool {
        self.threads().all(|thread| "STtZX".contains(thread.state))
    }

    /// Nanoseconds that the tree's living threads have spent on a core.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.threads().map(|thread| thread.running).sum()
    }

    /// Nanoseconds that they have spent waiting for one.
    #[must_use]
    pub fn delayed(&self) -> u64 {
        self.threads().map(|thread| thread.delayed).sum()
    }

    /// All threads of the tree.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.processes.values().flat_map(|process| &process.threads)
    }

    /// Processes that have ended and that nobody has waited for.
    pub fn zombies(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .values()
            .filter(|process| process.state == 'Z')
    }

    /// Processes that have not ended.
    pub fn living(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .values()
            .filter(|process| !"ZX".contains(process.state))
    }
}

/// The ids of all descendants of `ancestor`, by one pass over procfs.
#[must_use]
pub fn descendants(ancestor: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for id in numbers_in(Path::new("/proc")) {
        if let Some(parent) = parent_of(id) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut ahead = vec![ancestor];
    while let Some(parent) = ahead.pop() {
        let below = children.remove(&parent).unwrap_or_default();
        ahead.extend(&below);
        found.extend(below);
    }
    found.sort_unstable();
    found
}

/// The id that the process has inside its own process namespace.
#[must_use]
pub fn inner_id(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// How often a thread has gone to sleep of its own accord. Giving a core away, or
/// losing it, is none of these.
#[must_use]
pub fn times_slept(process: u32, thread: u32) -> Option<u64> {
    let path = format!("/proc/{process}/task/{thread}/status");
    let status = fs::read_to_string(path).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// The parent of a process.
#[must_use]
pub fn parent_of(process: u32) -> Option<u32> {
    Some(stat(&PathBuf::from(format!("/proc/{process}/stat")))?.parent)
}

/// The session of a process, which outlives its leader.
#[must_use]
pub fn session_of(process: u32) -> Option<u32> {
    Some(stat(&PathBuf::from(format!("/proc/{process}/stat")))?.session)
}

fn process(id: u32) -> Option<Process> {
    let folder = PathBuf::from(format!("/proc/{id}"));
    let stat_of_process = stat(&folder.join("stat"))?;
    let mut threads = Vec::new();
    for thread in numbers_in(&folder.join("task")) {
        let folder = folder.join(format!("task/{thread}"));
        let Some(Stat { state, .. }) = stat(&folder.join("stat")) else {
            continue;
        };
        let [running, delayed, slices] = schedule(&folder).unwrap_or_default();
        threads.push(Thread {
            id: thread,
            state,
            running,
            delayed,
            slices,
        });
    }
    threads.sort_unstable_by_key(|thread| thread.id);
    Some(Process {
        id,
        parent: stat_of_process.parent,
        name: stat_of_process.name,
        state: stat_of_process.state,
        threads,
    })
}

/// The first fields of a `stat` file.
struct Stat {
    name: String,
    state: char,
    parent: u32,
    session: u32,
}

/// The name stands in parentheses and may itself hold parentheses and blanks, so
/// the fields count from the last one.
fn stat(path: &Path) -> Option<Stat> {
    let line = fs::read(path).ok()?;
    let line = String::from_utf8_lossy(&line);
    let (before, after) = line.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace();
    Some(Stat {
        name: name.to_owned(),
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        session: fields.nth(1)?.parse().ok()?,
    })
}

/// Time on a core, time waiting for one, number of times put on one.
fn schedule(thread: &Path) -> Option<[u64; 3]> {
    let line = fs::read_to_string(thread.join("schedstat")).ok()?;
    let mut fields = line.split_whitespace().map(str::parse);
    let mut next = || fields.next()?.ok();
    Some([next()?, next()?, next()?])
}

fn numbers_in(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn sees_a_child_asleep_and_then_a_zombie() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("cat exists on every Linux system");
        let here = std::process::id();
        while !Look::below(here).processes[&child.id()].threads[0]
            .state
            .eq(&'S')
        {
            std::thread::yield_now();
        }
        drop(child.stdin.take());
        while Look::below(here)
            .zombies()
            .all(|process| process.id != child.id())
        {
            std::thread::yield_now();
        }
        assert!(
            Look::below(here)
                .living()
                .all(|process| process.id != child.id())
        );
        child.wait().expect("the child is ours");
        assert!(!Look::below(here).processes.contains_key(&child.id()));
    }

    #[test]
    fn quick_look_finds_grandchildren() {
        let mut shell = Command::new("sh")
            .args(["-c", "cat; true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("sh exists on every Linux system");
        let there = |look: Look| {
            let cat = look.processes.into_values().find(|it| it.name == "cat");
            cat.is_some_and(|cat| cat.parent == shell.id())
        };
        while !there(Look::below(std::process::id())) {
            std::thread::yield_now();
        }
        assert!(there(Look::quick(std::process::id())));
        drop(shell.stdin.take());
        shell.wait().expect("the shell is ours");
    }

    #[test]
    fn knows_the_id_in_the_same_namespace() {
        assert_eq!(inner_id(std::process::id()), Some(std::process::id()));
    }
}

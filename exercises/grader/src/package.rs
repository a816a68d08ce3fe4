//! Builds answers: copied into a package of their own, in one call of cargo.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Signal;

use serde_json::Value;

use crate::look::descendants;
use crate::supervise::{copy_program, signal, start};
use crate::workbook::Workbook;

/// A source to be built, under a name that no other source of the batch has.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name of the program, unique by role.
    pub name: String,
    /// Where the source is.
    pub path: PathBuf,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Built {
    /// Program by name, for what compiled.
    pub programs: BTreeMap<String, PathBuf>,
    /// What the compiler said, by name, warnings included.
    pub messages: BTreeMap<String, String>,
    /// What cargo said apart from that; it tells why there is no program where
    /// the compiler was not even reached.
    pub cargo: String,
    /// Whether cargo had to be ended.
    late: bool,
    /// Where the programs are.
    shelf: Shelf,
}

/// How long one call of cargo may take: a program can keep a compiler busy for ever.
const DEADLINE: Duration = Duration::from_secs(300);

/// Builds all sources in one call of cargo. Only one grader builds at a time; a
/// second one waits. The programs are there as long as `Built` lives.
///
/// # Errors
///
/// When cargo cannot be run or the folder cannot be written.
pub fn build(
    workbook: &Workbook,
    sources: &[Source],
    progress: &mut dyn FnMut(&str),
) -> io::Result<Built> {
    let folder = workbook.build();
    let binaries = folder.join("src/bin");
    fs::create_dir_all(&binaries)?;
    let lock = File::create(folder.join("lock"))?;
    if lock.try_lock().is_err() {
        progress("waiting for another grader");
        // Unblocked when the other grader has built, or is gone.
        lock.lock()?;
    }
    write_if_changed(&folder.join("Cargo.toml"), manifest(workbook)?.as_bytes())?;
    let lock_file = folder.join("Cargo.lock");
    copy_lock_file(workbook, &lock_file)?;
    for source in sources {
        let text = workbook.read(&source.path)?;
        write_if_changed(&binaries.join(format!("{}.rs", source.name)), &text)?;
    }
    let mut built = call_cargo(workbook, &folder, sources, true, progress)?;
    if built.programs.is_empty() && built.cargo.contains("--offline") {
        // In a fresh clone, what answers use may not have been fetched yet.
        progress("fetching crates");
        built = call_cargo(workbook, &folder, sources, false, progress)?;
    }
    if built.late && sources.len() > 1 {
        // One of them keeps the compiler busy; the others shall not suffer for it.
        for source in sources {
            if built.programs.contains_key(&source.name) {
                continue;
            }
            let one = std::slice::from_ref(source);
            let alone = call_cargo(workbook, &folder, one, true, progress)?;
            built.programs.extend(alone.programs);
            built.messages.extend(alone.messages);
        }
    }
    remove_foreign(&binaries, sources);
    let shelf = Shelf::new(&folder)?;
    for (name, program) in &mut built.programs {
        let copy = shelf.folder.join(name);
        copy_program(program, &copy)?;
        *program = copy;
    }
    built.shelf = shelf;
    drop(lock);
    Ok(built)
}

/// A folder for the programs of one batch, removed when it is dropped. They are
/// copied there, so that others can build while these are run.
#[derive(Debug, Default)]
struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    fn new(build: &Path) -> io::Result<Shelf> {
        let shelves = build.join("programs");
        for entry in fs::read_dir(&shelves).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let grader = name.split('-').next().unwrap_or_default();
            if !Path::new("/proc").join(grader).exists() {
                // That grader was killed; its programs are of use to nobody.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let name = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
        let folder = shelves.join(name);
        fs::create_dir_all(&folder)?;
        Ok(Shelf { folder })
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        // What stays is removed by a later grader.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The generated manifest: the dependencies and lints of the exercises.
fn manifest(workbook: &Workbook) -> io::Result<String> {
    let folder = workbook.root().join("exercises");
    let text = fs::read_to_string(folder.join("Cargo.toml"))?;
    let exercises: toml::Table = toml::from_str(&text).map_err(io::Error::other)?;
    let mut dependencies = table(&exercises, "dependencies");
    for (_, dependency) in &mut dependencies {
        let Some(path) = dependency.get("path").and_then(toml::Value::as_str) else {
            continue;
        };
        let path = folder.join(path).canonicalize()?.display().to_string();
        if let Some(dependency) = dependency.as_table_mut() {
            dependency.insert("path".to_owned(), path.into());
        }
    }
    let package = toml::toml! {
        name = "answers"
        version = "0.0.0"
        edition = "2024"
        publish = false
    };
    let profile = toml::toml! {
        [dev]
        debug = false
    };
    let manifest = toml::Table::from_iter([
        ("package".to_owned(), package.into()),
        ("dependencies".to_owned(), dependencies.into()),
        ("lints".to_owned(), table(&exercises, "lints").into()),
        ("profile".to_owned(), profile.into()),
        ("workspace".to_owned(), toml::Table::new().into()),
    ]);
    toml::to_string(&manifest).map_err(io::Error::other)
}

fn table(manifest: &toml::Table, name: &str) -> toml::Table {
    let table = manifest.get(name).and_then(toml::Value::as_table);
    table.cloned().unwrap_or_default()
}

/// Cargo completes the copy with the generated package. It is made anew when the
/// workbook's own has changed, so that answers use the same versions.
fn copy_lock_file(workbook: &Workbook, copy: &Path) -> io::Result<()> {
    let original = fs::read_to_string(workbook.root().join("Cargo.lock"))?;
    let seen = copy.with_extension("lock.seen");
    let same = fs::read_to_string(&seen).is_ok_and(|seen| seen == original);
    if !same || !copy.exists() {
        fs::write(copy, &original)?;
        fs::write(seen, original)?;
    }
    Ok(())
}

fn call_cargo(
    workbook: &Workbook,
    folder: &Path,
    sources: &[Source],
    offline: bool,
    progress: &mut dyn FnMut(&str),
) -> io::Result<Built> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--keep-going", "--message-format=json"])
        .args(offline.then_some("--offline"))
        .arg("--target-dir")
        .arg(folder.join("target"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for source in sources {
        command.args(["--bin", &source.name]);
    }
    let mut child = start(&mut command)?;
    let messages = child.stdout.take();
    let errors = child.stderr.take();
    let shown = |name: &str| {
        let source = sources.iter().find(|source| source.name == name);
        source.map(|source| workbook.shown(&source.path))
    };
    let mut built = Built::default();
    let cargo = thread::spawn(move || {
        let lines = errors.map(|errors| BufReader::new(errors).lines());
        let lines = lines.into_iter().flatten().map_while(Result::ok);
        lines.collect::<Vec<_>>().join("\n")
    });
    let (finished, watchdog) = watch(child.id());
    for line in messages
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufRead::lines)
    {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else {
            continue;
        };
        take_in(&message, &shown, &mut built, progress);
    }
    child.wait()?;
    drop(finished);
    built.late = watchdog.join().unwrap_or(false);
    if built.late {
        for source in sources {
            let said = built.messages.entry(source.name.clone()).or_default();
            said.push_str("compiling took more than five minutes and was ended\n");
        }
    }
    built.cargo = cargo.join().unwrap_or_default();
    Ok(built)
}

/// Ends cargo and its compilers when the deadline has passed; tells whether it had
/// to. Dropping the sender calls it off.
fn watch(cargo: u32) -> (Sender<()>, JoinHandle<bool>) {
    let (finished, end) = mpsc::channel();
    let watchdog = thread::spawn(move || {
        let late = end.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout);
        if late {
            for id in descendants(cargo).into_iter().chain([cargo]) {
                signal(id, Signal::KILL);
            }
        }
        late
    });
    (finished, watchdog)
}

/// Removes the sources of other classes.
fn remove_foreign(binaries: &Path, sources: &[Source]) {
    for entry in fs::read_dir(binaries).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = sources
            .iter()
            .any(|source| name == format!("{}.rs", source.name));
        if name.starts_with("class") && !own {
            // One that stays takes room and does no other harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn take_in(
    message: &Value,
    shown: &dyn Fn(&str) -> Option<String>,
    built: &mut Built,
    progress: &mut dyn FnMut(&str),
) {
    let name = message["target"]["name"].as_str().unwrap_or_default();
    match message["reason"].as_str() {
        Some("compiler-message") => {
            let Some(path) = shown(name) else { return };
            let rendered = message["message"]["rendered"].as_str();
            let text = rendered.unwrap_or_default();
            let text = text.replace(&format!("src/bin/{name}.rs"), &path);
            built
                .messages
                .entry(name.to_owned())
                .or_default()
                .push_str(&text);
        }
        Some("compiler-artifact") => {
            progress(name);
            if let Some(program) = message["executable"].as_str() {
                built.programs.insert(name.to_owned(), program.into());
            }
        }
        _ => {}
    }
}

/// Leaves alone what is the same, so that cargo sees no change in it.
fn write_if_changed(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text)
}

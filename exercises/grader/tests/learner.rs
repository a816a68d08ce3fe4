//! What a learner and an instructor do, from the command line, in a workbook of
//! their own: no file of theirs is ever lost.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A workbook that shares the real one's library and build folder.
struct Desk {
    root: PathBuf,
}

impl Desk {
    fn new(name: &str) -> Desk {
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let real = real.canonicalize().expect("it is here");
        let name = format!("desk-{}-{name}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("exercises")).expect("the disk has room");
        fs::create_dir_all(root.join("target")).expect("the disk has room");
        let grade = real.join("target/grade");
        fs::create_dir_all(&grade).expect("the disk has room");
        symlink(grade, root.join("target/grade")).expect("new");
        symlink(real.join("solutions"), root.join("solutions")).expect("new");
        fs::copy(real.join("Cargo.lock"), root.join("Cargo.lock")).expect("room");
        for file in [
            "exercises.toml",
            "inventory.toml",
            "Cargo.toml",
            "pool_order.rs",
        ] {
            let text = fs::read_to_string(real.join("exercises").join(file));
            let text = text.expect("it is there");
            let text = text.replace("path = \"..\"", &format!("path = {real:?}"));
            let probe = format!("path = {:?}", real.join("exercises/probe"));
            let text = text.replace("path = \"probe\"", &probe);
            let text = match file {
                "exercises.toml" => only_pool_order(&text),
                _ => text,
            };
            fs::write(root.join("exercises").join(file), text).expect("room");
        }
        Desk { root }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command
            .args(arguments)
            .current_dir(&self.root)
            .stdin(Stdio::null());
        command
    }

    fn grade(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the grader starts")
    }

    /// What the command says; it must succeed.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.grade(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    }

    /// What the command complains about; it must fail.
    fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.grade(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn answer(&self) -> PathBuf {
        self.root.join("exercises/src/bin/pool_order.rs")
    }

    fn starter(&self) -> String {
        read(&self.root.join("exercises/pool_order.rs"))
    }

    fn solution(&self) -> String {
        read(&self.root.join("solutions/pool_order.rs"))
    }

    fn versions(&self) -> Vec<String> {
        let folder = self.root.join(".grade/history/pool_order");
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| read(&entry.path())).collect()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = read(&path);
        assert!(text.contains(from), "{file} holds {from}");
        fs::write(path, text.replace(from, to)).expect("room");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The manifest with one exercise, so that these tests do not change with others.
fn only_pool_order(manifest: &str) -> String {
    let mark = "[[exercise]]\n";
    let mut entries = manifest.split(mark).skip(1);
    let entry = entries.find(|entry| entry.starts_with("id = \"pool_order\""));
    let entry = entry.expect("there is an exercise pool_order");
    let lines = entry
        .lines()
        .filter(|line| !line.starts_with("needs = [\"p"));
    format!("{mark}{}", lines.collect::<Vec<_>>().join("\n"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

#[test]
fn a_learner_goes_from_the_start_to_the_solution() {
    let desk = Desk::new("journey");
    assert!(desk.refuses(&[]).contains("cargo grade next"));
    assert!(
        desk.says(&["next"])
            .contains("exercises/src/bin/pool_order.rs")
    );
    assert_eq!(read(&desk.answer()), desk.starter());

    let output = desk.grade(&[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("0 of 10 points"), "{text}");
    let told: Vec<&str> = text.lines().skip(1).take(2).collect();
    assert_eq!(
        told,
        [
            "Not written yet: line 52 of exercises/src/bin/pool_order.rs",
            "  todo!(\"square {} tasks in {workers} processes\")"
        ]
    );
    for word in ["crash", "panicked", "ended too early"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours without a terminal");

    assert!(!desk.says(&["hint"]).contains("Hint 2"));
    assert!(desk.says(&["hint"]).contains("Hint 2 of 3"));
    assert!(desk.refuses(&["solution"]).contains("--give-up"));

    fs::write(desk.answer(), "fn main() { let x: u8 = \"one\"; }").expect("room");
    let text = String::from_utf8_lossy(&desk.grade(&[]).stdout).into_owned();
    assert!(
        text.contains("--> exercises/src/bin/pool_order.rs:1"),
        "{text}"
    );

    fs::write(desk.answer(), desk.solution()).expect("room");
    assert!(desk.says(&["pool_order"]).contains("10 of 10 points"));
    assert!(desk.says(&["list"]).contains("10/10 pool_order"));
    assert!(desk.says(&["solution"]).contains("fn squares"));
    assert_eq!(desk.versions().len(), 3);
    assert!(
        desk.refuses(&["pol_order"])
            .contains("did you mean `pool_order`")
    );

    assert!(
        desk.refuses(&["rehearse", "pool_order", "pol_order"])
            .contains("did you mean `pool_order`")
    );

    let page = desk.root.join("report.html");
    desk.says(&["--report", "report.html"]);
    assert!(read(&page).contains("10 of 10"));
    assert!(
        read(&page).contains("<td>3<td>2</tr>"),
        "gradings and hints"
    );
    desk.says(&["again", "pool_order"]);
    assert!(desk.says(&["list"]).contains("0/10 pool_order"));
}

#[test]
fn a_half_written_answer_gets_its_points_and_is_told_of_its_gap() {
    let desk = Desk::new("half");
    desk.says(&["start", "pool_order"]);
    let answer = "probe::answer(&squares(tasks, workers)?);";
    let todo = "println!(\"done\");\n    todo!(\"say {}\", \"goodbye\")";
    let half = desk.solution().replace("    Ok(())\n}", "}");
    let half = half.replace(answer, &format!("{answer}\n    {todo}"));
    assert!(half.contains("goodbye"));
    fs::write(desk.answer(), half).expect("room");
    let text = String::from_utf8_lossy(&desk.grade(&[]).stdout).into_owned();
    assert!(text.contains("9 of 10 points\nNot written yet:"), "{text}");
    assert!(text.contains("  todo!(\"say {}\")"), "{text}");
    assert!(text.contains("left behind: not written yet"), "{text}");
    assert!(text.contains("printed:\n  | done\n\n"), "{text}");
}

#[test]
fn what_is_replaced_can_be_had_back() {
    let desk = Desk::new("undo");
    desk.says(&["start", "pool_order"]);
    fs::write(desk.answer(), "// mine").expect("room");
    assert!(
        desk.says(&["start", "pool_order"])
            .contains("stays as it is")
    );
    assert_eq!(read(&desk.answer()), "// mine");
    desk.says(&["reset", "pool_order"]);
    assert_eq!(read(&desk.answer()), desk.starter());
    desk.says(&["undo", "pool_order"]);
    assert_eq!(read(&desk.answer()), "// mine");
    // Without a name it is what one is working on.
    desk.says(&["undo"]);
    assert_eq!(read(&desk.answer()), desk.starter());
    desk.says(&["undo"]);
    assert_eq!(read(&desk.answer()), "// mine");
    desk.says(&["reset"]);
    assert_eq!(read(&desk.answer()), desk.starter());
    fs::remove_file(desk.answer()).expect("it is there");
    desk.says(&["undo", "pool_order"]);
    assert_eq!(read(&desk.answer()), "// mine");
}

#[test]
fn a_list_that_nobody_reads_ends_quietly() {
    let desk = Desk::new("list");
    let (reader, writer) = std::io::pipe().expect("descriptors are left");
    drop(reader); // as `head` does once it has seen enough
    let output = desk.command(&["list"]).stdout(writer).output();
    let output = output.expect("the grader starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_list_has_one_heading_for_each_chapter() {
    let desk = Desk::new("headings");
    let path = desk.root.join("exercises/exercises.toml");
    let pool = read(&path);
    let other = |id: &str, chapter: &str| {
        let entry = pool.replace("id = \"pool_order\"", &format!("id = \"{id}\""));
        entry.replace("chapter = \"pool\"", &format!("chapter = \"{chapter}\""))
    };
    let all = [&*pool, &other("a_queue", "queue"), &other("a_pool", "pool")];
    fs::write(path, all.join("\n")).expect("room");
    let list = desk.says(&["list"]);
    let first = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!((lines[0], lines[3]), ("pool", "queue"), "{list}");
    let exercises = [1, 2, 4].map(|place| first(lines[place]));
    let expected = ["pool_order", "a_pool", "a_queue"];
    assert_eq!(exercises, expected.map(|id| Some(id.to_owned())), "{list}");
    assert_eq!(lines[5..], ["0 of 30 points"]);
}

#[test]
fn nothing_is_replaced_that_cannot_be_kept() {
    let desk = Desk::new("keep");
    desk.says(&["start", "pool_order"]);
    fs::write(desk.answer(), "// mine").expect("room");
    // No history can be written where a file stands in its way.
    fs::write(desk.root.join(".grade/history"), "").expect("room");
    desk.refuses(&["reset", "pool_order"]);
    assert_eq!(read(&desk.answer()), "// mine");
}

#[test]
fn a_killed_grader_loses_nothing() {
    let desk = Desk::new("killed");
    desk.says(&["start", "pool_order"]);
    for round in 0..30 {
        let mine = format!("// round {round}");
        fs::write(desk.answer(), &mine).expect("room");
        let reset = desk
            .command(&["reset", "pool_order"])
            .stdout(Stdio::null())
            .spawn();
        let mut reset = reset.expect("the grader starts");
        for _ in 0..round * 40 {
            std::thread::yield_now();
        }
        reset.kill().expect("it is ours");
        reset.wait().expect("it is ours");
        let there = read(&desk.answer());
        assert!(there == mine || there == desk.starter(), "{there}");
        assert!(there == mine || desk.versions().contains(&mine));
    }
    // A torn line in the log is no harm.
    let log = desk.root.join(".grade/log.jsonl");
    let mut log = fs::OpenOptions::new()
        .append(true)
        .open(log)
        .expect("it is there");
    log.write_all(b"{\"time\":1,\"deed\":\"hin").expect("room");
    assert!(desk.says(&["hint", "pool_order"]).contains("Hint 1 of 3"));
    assert!(desk.says(&["hint", "pool_order"]).contains("Hint 2 of 3"));
}

/// Eight times, or as often as `GRADER_KILLS` says, at moments from its start to
/// when a program runs that would never end by itself.
#[test]
fn a_grader_killed_while_it_grades_leaves_nothing() {
    let kills = std::env::var("GRADER_KILLS").ok();
    let kills = kills.map_or(8, |kills| kills.parse().expect("a number"));
    let desk = Desk::new("mid");
    let temporary = desk.root.join("t");
    fs::create_dir(&temporary).expect("room");
    desk.says(&["start", "pool_order"]);
    let grade = || {
        let mut command = desk.command(&["pool_order"]);
        command.env("TMPDIR", &temporary).stderr(Stdio::null());
        command
    };
    fs::write(desk.answer(), desk.solution()).expect("room");
    let begin = Instant::now();
    assert!(grade().output().is_ok_and(|output| output.status.success()));
    let time = begin.elapsed();
    for kill in 0..kills {
        // Another text, so that it is compiled anew.
        let mine =
            format!("fn main() {{ loop {{ std::thread::park() }} }} // {kill}");
        fs::write(desk.answer(), &mine).expect("room");
        let grading = grade().stdout(Stdio::null()).spawn();
        let mut grading = grading.expect("the grader starts");
        // The moment is the input of this test.
        std::thread::sleep(2 * time * kill / kills);
        grading.kill().expect("it is ours");
        grading.wait().expect("it is ours");
        expect_gone(&temporary);
        assert_eq!(read(&desk.answer()), mine);
    }
    fs::write(desk.answer(), desk.solution()).expect("room");
    assert!(grade().output().is_ok_and(|output| output.status.success()));
    let mut left = fs::read_dir(&temporary).expect("it is there").flatten();
    let folder = left.find(|it| it.file_name().to_string_lossy().contains("grade-"));
    assert!(folder.is_none(), "{folder:?}");
}

/// Blocks until no process is left that has its temporary files in this folder.
fn expect_gone(temporary: &Path) {
    let mark = format!("TMPDIR={}", temporary.display());
    let limit = Timespec::try_from(Duration::from_secs(120)).expect("it is short");
    let mut found = true;
    // Again, as one that was found may have started another one meanwhile.
    while std::mem::take(&mut found) {
        for entry in fs::read_dir("/proc").expect("it is there").flatten() {
            let id = entry.file_name().to_string_lossy().parse().ok();
            // Before its environment is read: the number may be another's later.
            let process = id
                .and_then(Pid::from_raw)
                .and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
            let Some(process) = process else { continue };
            let environment = fs::read(entry.path().join("environ"));
            let environment = environment.unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            if variables.any(|variable| variable.starts_with(mark.as_bytes())) {
                let mut ends = [PollFd::new(&process, PollFlags::IN)];
                let ended = poll(&mut ends, Some(&limit)).expect("no signal");
                assert_eq!(ended, 1, "{:?} is still there", entry.path());
                found = true;
            }
        }
    }
}

#[test]
fn two_graders_at_once_do_not_disturb_each_other() {
    let desk = Desk::new("two");
    desk.says(&["start", "pool_order"]);
    fs::write(desk.answer(), desk.solution()).expect("room");
    let start = || desk.command(&["--json"]).stdout(Stdio::piped()).spawn();
    let graders = [start(), start()].map(|it| it.expect("the grader starts"));
    for grader in graders {
        let output = grader.wait_with_output().expect("it is ours");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: grader::report::Report = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(report.grades[0].is_full(), "{text}");
    }
}

#[test]
fn a_renamed_exercise_and_a_changed_starter_are_told() {
    let desk = Desk::new("renamed");
    desk.says(&["start", "pool_order"]);
    fs::write(desk.answer(), "fn main() {} // mine").expect("room");
    let id = "id = \"pool_order\"";
    let new = format!("{id}\nname = \"pool_sorted\"\nformerly = [\"pool_order\"]");
    desk.edit("exercises/exercises.toml", id, &new);
    let starter = desk.starter().replace("TODO: hand out", "TODO: give out");
    fs::write(desk.root.join("exercises/pool_sorted.rs"), starter).expect("room");
    let text =
        String::from_utf8_lossy(&desk.grade(&["pool_order"]).stdout).into_owned();
    assert!(
        text.contains("`pool_order` is called `pool_sorted` now"),
        "{text}"
    );
    assert!(text.contains("+     // TODO: give out"), "{text}");
    assert!(text.contains("0 of 10 points"), "{text}");
    let moved = desk.root.join("exercises/src/bin/pool_sorted.rs");
    assert_eq!(read(&moved), "fn main() {} // mine");
    assert!(!desk.answer().exists());
    let text =
        String::from_utf8_lossy(&desk.grade(&["pool_order"]).stdout).into_owned();
    assert!(!text.contains("give out"), "it is told once");
}

#[test]
fn a_build_server_gets_its_formats() {
    let desk = Desk::new("formats");
    desk.says(&["start", "pool_order"]);
    fs::write(desk.answer(), "fn main() {}").expect("room");
    let output = desk.grade(&["--junit", "--seed", "7"]);
    let xml = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(xml.starts_with("<?xml"), "{xml}");
    assert!(
        xml.contains("<testsuite name=\"pool_order\" tests=\"7\""),
        "{xml}"
    );
    assert!(xml.contains("<failure message="), "{xml}");
    let output = desk.grade(&["--json", "--seed", "7"]);
    let report: grader::report::Report =
        serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(report.grades[0].seed, 7);
}

#[test]
fn watching_misses_no_save_not_even_during_a_run() {
    let desk = Desk::new("watch");
    desk.says(&["start", "pool_order"]);
    let mut watch = desk
        .command(&["--watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the grader starts");
    let output = BufReader::new(watch.stdout.take().expect("asked for"));
    let mut output = output.lines().map_while(Result::ok);
    let mut progress = BufReader::new(watch.stderr.take().expect("asked for"));
    assert!(
        output
            .next()
            .is_some_and(|line| line.starts_with("Watching"))
    );
    fs::write(desk.answer(), "fn main() { loop {} }").expect("room");
    let mut line = String::new();
    // Unblocked when the grading begins; the next save comes in the middle of it.
    progress.read_line(&mut line).expect("it tells");
    assert_eq!(line.trim(), "compiling");
    fs::write(desk.answer(), desk.solution()).expect("room");
    let told: Vec<String> = output
        .by_ref()
        .filter(|line| line.contains(" of 10 points"))
        .take_while(|line| !line.contains("10 of 10"))
        .collect();
    assert!(told.len() <= 1, "{told:?}");
    watch.kill().expect("it is ours");
    watch.wait().expect("it is ours");
}

#[test]
fn the_inventory_is_compared_in_the_report() {
    let desk = Desk::new("inventory");
    for answers in ["a\n".repeat(40), "b\n".repeat(40)] {
        let mut child = desk
            .command(&["inventory"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the grader starts");
        let mut input = child.stdin.take().expect("asked for");
        input.write_all(answers.as_bytes()).expect("it reads");
        assert!(child.wait().expect("it is ours").success());
    }
    desk.says(&["--report", "report.html"]);
    let page = read(&desk.root.join("report.html"));
    assert!(
        page.contains("processes share their variables (gone)"),
        "{page}"
    );
    assert!(
        page.contains("(new)") && page.contains("the last time"),
        "{page}"
    );
}

/// It takes its neighbour's answer, which is compiled beside it.
const PEEKS: &str = "include!(\"class0000_pool_order.rs\");";

#[test]
fn a_class_is_graded_once_and_resumed() {
    let desk = Desk::new("class");
    let class = desk.root.join("class");
    let answers = [
        ("ada", desk.solution()),
        ("bob", desk.starter()),
        ("cyd", "fn main() { storm }".to_owned()),
        ("dan", PEEKS.to_owned()),
    ];
    for (learner, text) in &answers {
        fs::create_dir_all(class.join(learner)).expect("room");
        fs::write(class.join(learner).join("pool_order.rs"), text).expect("room");
    }
    let arguments = ["class", "class", "--unconfined", "--report", "class.html"];
    let table = desk.says(&arguments);
    let rows: Vec<&str> = table.lines().collect();
    assert!(
        rows[0].starts_with("ada") && rows[0].contains("10/10  pass"),
        "{table}"
    );
    assert!(
        rows[1].starts_with("bob") && rows[1].contains("0/10  not written yet"),
        "{table}"
    );
    assert!(rows[2].contains("0/10  build error"), "{table}");
    assert!(rows[3].contains("0/10  build error"), "{table}");
    let peeked = read(&class.join("grades.jsonl"));
    let peeked = peeked.lines().filter(|line| line.contains("\"dan\""));
    assert!(peeked.clone().all(|line| line.contains("`include`")));
    assert_eq!(peeked.count(), 1);
    assert!(read(&desk.root.join("class.html")).contains("<td>ada"));

    // Only what has changed is graded again, and a torn line is no harm.
    let results = class.join("grades.jsonl");
    let before = read(&results);
    assert_eq!(before.lines().count(), 4);
    fs::write(&results, format!("{before}{{\"torn\":")).expect("room");
    fs::write(class.join("bob/pool_order.rs"), desk.solution()).expect("room");
    let table = desk.says(&arguments);
    assert!(
        table.contains("bob") && !table.contains("0/10  not written yet"),
        "{table}"
    );
    assert!(read(&results).starts_with(&before));
    assert_eq!(
        read(&results).lines().count(),
        6,
        "four, a torn one, one more"
    );
}

/// What an answer can see of the machine, told through its panic.
const SPY: &str = "fn main() {
    let neighbour = std::fs::read_dir(\"DESK\").is_ok();
    let network = std::fs::read_to_string(\"/proc/net/dev\").unwrap();
    panic!(\"neighbour {neighbour}, interfaces {}\", network.lines().count() - 2);
}";

#[test]
fn strangers_are_confined_or_refused() {
    let desk = Desk::new("confined");
    let class = desk.root.join("class");
    let spy = SPY.replace("DESK", &desk.root.display().to_string());
    for (learner, text) in [("ada", desk.solution()), ("bob", spy)] {
        fs::create_dir_all(class.join(learner)).expect("room");
        fs::write(class.join(learner).join("pool_order.rs"), text).expect("room");
    }
    let refused = desk
        .command(&["class", "class"])
        .env("PATH", "/nowhere")
        .output();
    let refused = refused.expect("the grader starts");
    assert_eq!(refused.status.code(), Some(2));
    let advice = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        advice.contains("bubblewrap") && advice.contains("--unconfined"),
        "{advice}"
    );
    assert!(!class.join("grades.jsonl").exists());

    let output = desk.grade(&["class", "class", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        // A machine without bubblewrap: refused again, and nothing was run.
        assert!(errors.contains("--unconfined"), "{errors}");
        assert!(!class.join("grades.jsonl").exists());
        return;
    }
    let grades: Vec<grader::class::ClassGrade> =
        serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert!(grades[0].grade.is_full(), "{grades:#?}");
    let seen = &grades[1].grade.printed;
    assert!(seen.contains("neighbour false, interfaces 1"), "{seen}");
}

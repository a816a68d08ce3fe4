//! A small repository of its own for each test, and a server for it.
#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod browser;
pub(crate) mod server;

use reader::project::Project;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed when its test ends.
pub(crate) struct Repository {
    root: PathBuf,
    keep: bool,
}

/// What a learner changes nothing in, and cargo builds: a copy of the workbook has
/// links to it. As the build folder is shared as well, cargo would otherwise look
/// for changes in the copies from then on, and not see those in the workbook.
const SHARED: [&str; 3] = ["src", "exercises/grader", "exercises/probe"];

const FILES: [(&str, &str); 12] = [
    (
        "book/book.toml",
        "[book]\ntitle = \"Small\"\n[build]\ncreate-missing = false\n\
         [preprocessor.reader]\ncommand = \"COMMAND preprocess\"\n\
         before = [\"links\"]\n[output.html.playground]\nrunnable = false\n",
    ),
    (
        "book/src/SUMMARY.md",
        "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n",
    ),
    ("book/src/one.md", "# One\n\n## A part, with `code`\n"),
    ("book/src/two.md", "# Two\n"),
    (
        "book/quizzes/why.toml",
        "[[question]]\nask = \"Why `a < b`?\"\nchoices = [\"one\", \"two\"]\n\
         answer = \"Because.\"\n",
    ),
    (
        "book/examples.toml",
        "[squares]\n[[squares.arguments]]\nname = \"numbers\"\nkind = \"integer\"\n\
         least = 0\nmost = 9\ncount = [0, 3]\ndefault = [\"1\"]\n",
    ),
    (
        "examples/squares.rs",
        "//! Squares numbers.\n//!\n//! Chapter: one\n\nfn main() {\n    \
         // ANCHOR: print\n    println!(\"<1>\");\n    // ANCHOR_END: print\n}\n",
    ),
    ("examples/output/squares.txt", "<1>\n"),
    (
        "examples/python/squares.py",
        "# ANCHOR: a\nprint(1)\n# ANCHOR_END: a\n",
    ),
    (
        "examples/output/squares.trace.json",
        "[{\"ph\":\"X\",\"name\":\"task\",\"pid\":1,\"ts\":1,\"dur\":5},\n",
    ),
    (
        "benches/results/pool.json",
        "{\"title\": \"Pools\", \"machine\": {\"name\": \"reference machine\", \
         \"cpu\": \"two cores\"}, \"results\": [\
         {\"series\": \"threads\", \"input\": \"1us\", \"nanoseconds\": 1500},\
         {\"series\": \"processes\", \"input\": \"1us\", \"nanoseconds\": 4500}]}",
    ),
    ("src/pool.rs", "//! Pools.\n"),
];

impl Repository {
    /// A repository with one example, one group of figures and two chapters.
    pub(crate) fn new() -> Self {
        let repository = Repository::empty();
        for (path, text) in FILES {
            let text = text.replace("COMMAND", env!("CARGO_BIN_EXE_reader"));
            repository.write(path, &text);
        }
        repository
    }

    /// A folder with nothing in it.
    pub(crate) fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("reader-test-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        Repository { root, keep: false }
    }

    /// The workbook itself, in which a test writes nothing.
    pub(crate) fn workbook() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Repository {
            root: root.canonicalize().unwrap(),
            keep: true,
        }
    }

    /// A copy of the workbook in which a learner can work. It has always the same
    /// place, so that cargo finds there what it built before.
    pub(crate) fn learners_copy() -> Self {
        let workbook = Repository::workbook();
        let target = workbook.project().target();
        let copy = Repository {
            root: target.join("reader-tests/copy"),
            keep: true,
        };
        for old in ["exercises/src/bin", ".grade"] {
            let _ = fs::remove_dir_all(copy.root.join(old));
        }
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&workbook.root)
            .output()
            .unwrap();
        for path in String::from_utf8(listed.stdout)
            .unwrap()
            .split_terminator('\0')
            .filter(|path| !SHARED.iter().any(|it| Path::new(path).starts_with(it)))
        {
            let Ok(new) = fs::read(workbook.root.join(path)) else {
                continue;
            };
            // What has not changed keeps its time, and need not be built again.
            if fs::read(copy.root.join(path)).ok().as_ref() != Some(&new) {
                let path = copy.root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, new).unwrap();
            }
        }
        for path in SHARED.into_iter().chain(["target"]) {
            let link = copy.root.join(path);
            if !link.is_symlink() {
                let _ = fs::remove_dir_all(&link);
                let original = workbook.root.join(path);
                let original = if path == "target" { &target } else { &original };
                std::os::unix::fs::symlink(original, link).unwrap();
            }
        }
        copy
    }

    /// Takes over the workbook's own style and scripts.
    pub(crate) fn borrow_theme(&self) {
        let workbook = Repository::workbook();
        for entry in fs::read_dir(workbook.root.join("book/theme")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            self.write(&format!("book/theme/{name}"), &text);
        }
        let theirs = workbook.root.join("book/book.toml");
        let theirs = fs::read_to_string(theirs).unwrap();
        let start = theirs.find("additional-css").unwrap();
        let end = start + theirs[start..].find("\n\n").unwrap();
        let ours = fs::read_to_string(self.root.join("book/book.toml")).unwrap();
        let added =
            format!("[output.html]\n{}\n[output.html.pl", &theirs[start..end]);
        self.write("book/book.toml", &ours.replace("[output.html.pl", &added));
    }

    /// Writes a file, by its path from the root.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The same folder for the code under test.
    pub(crate) fn project(&self) -> Project {
        Project::new(&self.root)
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

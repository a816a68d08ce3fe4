//! What the manifest says of the book: each exercise stands in its chapter, and each
//! section that is to help is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use grader::manifest::Manifest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest() -> Manifest {
    let path = root().join("exercises/exercises.toml");
    Manifest::read(&path).expect("the manifest can be read")
}

fn chapter(name: &str) -> String {
    let path = root().join("book/src").join(name);
    fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path:?} is missing"))
}

/// The ids that mdBook gives to the headings of a chapter.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#'));
    let id = |title: &str| {
        let kept = title.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ => character.is_alphanumeric().then_some(character),
        });
        kept.collect()
    };
    titles.map(id).collect()
}

#[test]
fn each_section_that_helps_is_a_heading() {
    let mut missing = Vec::new();
    for exercise in manifest().exercises {
        for check in exercise.checks {
            let (file, heading) = check.section.split_once('#').unwrap_or_default();
            if !headings(&chapter(file)).contains(heading) {
                missing.push(format!("{}: {}", exercise.id, check.section));
            }
        }
    }
    assert!(missing.is_empty(), "no such headings: {missing:#?}");
}

#[test]
fn each_exercise_stands_in_its_chapter() {
    let mut missing = Vec::new();
    for exercise in manifest().exercises {
        let directive = format!("{{{{#exercise {}}}}}", exercise.id);
        if !chapter(&format!("{}.md", exercise.chapter)).contains(&directive) {
            missing.push(exercise.id);
        }
    }
    assert!(missing.is_empty(), "in no chapter: {missing:?}");
}

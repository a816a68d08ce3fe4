//! `capstone_duplicates`: files of the same content, found in several processes.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{Compared, clean_end, counted};
use crate::attempt::Attempt;
use crate::run::{Event, Finished, Plan, Run, Stop, Visit};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["right", "clean"], |attempt| {
        let tree = Tree::random(attempt);
        let plan = tree.plan(&["tree"], 2);
        let finished = attempt.conduct(plan, |_, run| run.run_free())?;
        let answer = tree.compared(&finished, &[]);
        attempt.check("right", Verdict::Fail, answer.right(), answer);
        clean_end(attempt, "clean", &finished);
        Ok(())
    });
    attempt.part(&["parallel"], |attempt| {
        let tree = Tree::random(attempt);
        let workers = attempt.random.usize(3..=4);
        let plan = tree.plan(&["tree"], workers);
        let finished = attempt
            .conduct(plan, |attempt, run| judge_workers(attempt, run, workers))?;
        let points = finished.log.iter().filter(
            |event| matches!(event, Event::Entered(visit) if visit.is_at("digest")),
        );
        let (points, files) = (points.count(), tree.files.len());
        let seen = format!("{points} digests of {files} files were made");
        attempt.require("parallel", Verdict::Fail, points == files, seen);
        attempt.sheet.pass("parallel");
        Ok(())
    });
    attempt.part(&["survives"], |attempt| {
        let tree = Tree::random(attempt);
        let finished = attempt.conduct(tree.plan(&["tree"], 3), |_, run| {
            gather_points(run, 3)?;
            if let Some(visit) = run.held().into_iter().next() {
                run.signal(visit.process, Signal::KILL);
                while !matches!(run.event()?, Event::Lost(lost) if lost.id == visit.id)
                {}
            }
            Ok(())
        })?;
        let answer = tree.compared(&finished, &[]);
        let seen = format!("a worker was killed over a file; {answer}");
        attempt.check("survives", Verdict::Fail, answer.right(), seen);
        Ok(())
    });
    attempt.part(&["unreadable"], |attempt| {
        let tree = Tree::random(attempt);
        let plan = tree.plan(&["nowhere", "tree", "gone"], 2);
        let finished = attempt.conduct(plan, |_, run| run.run_free())?;
        let answer = tree.compared(&finished, &["gone", "nowhere"]);
        attempt.check("unreadable", Verdict::Fail, answer.right(), answer);
        Ok(())
    });
}

/// Waits until so many processes digest a file, or nothing moves any more.
fn gather_points(run: &mut Run, count: usize) -> Result<(), Stop> {
    while run.held().len() < count && run.event_or_rest()?.is_some() {}
    Ok(())
}

/// Looks at rest who has a file in hand.
fn judge_workers(
    attempt: &mut Attempt<'_>,
    run: &mut Run,
    workers: usize,
) -> Result<(), Stop> {
    gather_points(run, workers + 1)?;
    let held: Vec<Visit> = run.held();
    let processes = held.iter().map(|visit| visit.process);
    let mut processes: BTreeSet<u32> = processes.collect();
    processes.remove(&run.main());
    let seen = format!(
        "all processes were at rest, {} were in hand, in {} of {workers}",
        counted(held.len(), "file"),
        counted(processes.len(), "worker"),
    );
    let right = processes.len() == workers && held.len() == workers;
    attempt.require("parallel", Verdict::NotParallel, right, seen);
    Ok(())
}

/// A folder tree: names and contents.
struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Three equal files, two other equal ones, two empty ones; and single ones, of
    /// which one is as long as the equal ones are.
    fn random(attempt: &mut Attempt<'_>) -> Tree {
        let random = &mut attempt.random;
        let mut text = |length: usize| -> Vec<u8> {
            (0..length).map(|_| random.u8(b'a'..=b'z')).collect()
        };
        let (often, twice) = (text(40), text(3000));
        let contents = [
            ("tree/one.txt", often.clone()),
            ("tree/deep/two.txt", often.clone()),
            ("tree/deep/er/three.txt", often),
            ("tree/large.data", twice.clone()),
            ("tree/other/large.data", twice),
            ("tree/empty", Vec::new()),
            ("tree/other/empty", Vec::new()),
            ("tree/deep/same_length.txt", text(40)),
            ("tree/other/single.txt", text(77)),
        ];
        let files = contents.map(|(name, content)| (name.to_owned(), content));
        Tree {
            files: files.into(),
        }
    }

    fn plan(&self, roots: &[&str], workers: usize) -> Plan {
        Plan {
            given: json!([roots, workers]),
            files: self.files.clone(),
            ..Plan::default()
        }
    }

    /// The report that is expected.
    fn report(&self, unreadable: &[&str]) -> Value {
        let mut groups: BTreeMap<&[u8], Vec<&String>> = BTreeMap::new();
        for (name, content) in &self.files {
            groups.entry(content).or_default().push(name);
        }
        let mut duplicates: Vec<Vec<&String>> = groups.into_values().collect();
        duplicates.retain(|group| group.len() > 1);
        duplicates.sort();
        json!({ "duplicates": duplicates, "unreadable": unreadable })
    }

    fn compared(&self, finished: &Finished, unreadable: &[&str]) -> Compared {
        let given = format!("a tree of {}", counted(self.files.len(), "file"));
        let expected = self.report(unreadable);
        Compared::new(given, expected, finished.answer.clone())
    }
}

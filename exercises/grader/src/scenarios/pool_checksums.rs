//! `pool_checksums`: a first map over the files of a folder.

use std::collections::BTreeMap;

use probe::protocol::Order;
use probe::work::{bytes_from, checksum};
use serde_json::{Value, json};

use super::common::{Batch, Compared, clean_end, counted};
use super::team;
use crate::attempt::Attempt;
use crate::run::{Plan, Stop};
use crate::verdict::Verdict;

pub(super) fn judge(attempt: &mut Attempt<'_>) {
    attempt.part(&["one"], |attempt| {
        let answer = answer_to(attempt, 1, 1)?;
        attempt.check("one", Verdict::Fail, answer.right(), answer);
        Ok(())
    });
    attempt.part(&["right"], |attempt| {
        // No file at all; fewer files than workers; a last round that is not full.
        for (files, workers) in [(0, 2), (2, 4), (8, 3)] {
            let answer = answer_to(attempt, files, workers)?;
            attempt.require("right", Verdict::Fail, answer.complete(), answer);
        }
        attempt.sheet.pass("right");
        Ok(())
    });
    attempt.part(&["workers", "at_once", "order", "clean"], |attempt| {
        let size = attempt.random.usize(3..=4);
        let folder = Folder::random(attempt, 2 * size + 1);
        let plan = folder.plan(size);
        let (finished, turned) =
            team::in_reverse(attempt, plan, &folder.batch, size)?;
        let answer = folder.compared(size, finished.answer.clone());
        team::judge_order(attempt, turned, answer.right(), answer);
        clean_end(attempt, "clean", &finished);
        Ok(())
    });
}

/// Lets the program run as it likes.
fn answer_to(
    attempt: &mut Attempt<'_>,
    files: usize,
    workers: usize,
) -> Result<Compared, Stop> {
    let folder = Folder::random(attempt, files);
    let plan = folder.plan(workers);
    let finished = attempt.conduct(plan, |_, run| run.run_free())?;
    Ok(folder.compared(workers, finished.answer))
}

/// Files with random content, and a task for each.
struct Folder {
    files: BTreeMap<String, Vec<u8>>,
    batch: Batch,
    checksums: Vec<u32>,
}

impl Folder {
    fn random(attempt: &mut Attempt<'_>, count: usize) -> Folder {
        let random = &mut attempt.random;
        // An empty file, one that no pipe holds whole, and ordinary ones.
        let mut sizes = vec![0, random.usize(70_000..90_000)];
        sizes.resize_with(count.max(2), || random.usize(1..5000));
        random.shuffle(&mut sizes);
        let mut folder = BTreeMap::new();
        let mut content = Vec::new();
        let mut checksums = Vec::new();
        for (index, size) in sizes.into_iter().take(count).enumerate() {
            let bytes = bytes_from(random.i64(..), size);
            let file = format!("files/{index}.data");
            checksums.push(checksum(&bytes));
            folder.insert(file.clone(), bytes);
            content.push(Order {
                file,
                ..Order::default()
            });
        }
        Folder {
            files: folder,
            batch: Batch::of(random, content),
            checksums,
        }
    }

    fn plan(&self, workers: usize) -> Plan {
        Plan {
            given: json!([workers, self.batch.tasks]),
            orders: self.batch.orders(),
            files: self.files.clone(),
            ..Plan::default()
        }
    }

    fn compared(&self, workers: usize, got: Option<Value>) -> Compared {
        let given = format!(
            "{} and {}",
            counted(self.checksums.len(), "file"),
            counted(workers, "worker")
        );
        Compared::new(given, json!(self.checksums), got)
    }
}

//! That these tests would notice what is left behind.

use std::process::Command;
use std::sync::Mutex;

use tests::{Outcome, Test, isolated, system};

/// What the tests below leave, so that it can be cleared away afterwards.
static LEFT: Mutex<Vec<std::process::Child>> = Mutex::new(Vec::new());
static OPEN: Mutex<Vec<std::fs::File>> = Mutex::new(Vec::new());

const CARELESS: &[Test] = tests::list![descriptor, child, zombie, nothing];

fn descriptor() -> Outcome {
    let file = std::fs::File::open("/dev/null")?;
    OPEN.lock().expect("no panic").push(file);
    Ok(())
}

fn child() -> Outcome {
    let child = Command::new("sleep").arg("1000").spawn()?;
    LEFT.lock().expect("no panic").push(child);
    Ok(())
}

fn zombie() -> Outcome {
    let child = Command::new("true").spawn()?;
    system::Watched::new(child.id()).expect_end();
    // Dropping the handle waits for nothing: the zombie stays.
    drop(child);
    Ok(())
}

fn nothing() -> Outcome {
    Ok(())
}

pub(super) fn what_is_left_behind_is_noticed() -> Outcome {
    let complaint = |name| isolated(CARELESS, name).err().unwrap_or_default();
    assert_eq!(complaint("nothing"), "");
    assert!(complaint("descriptor").contains("/dev/null"));
    OPEN.lock().expect("no panic").clear();
    assert!(complaint("child").contains("children are left"));
    for mut child in LEFT.lock().expect("no panic").drain(..) {
        child.kill()?;
        child.wait()?;
    }
    assert!(complaint("zombie").contains("zombie"));
    assert_eq!(complaint("nothing"), "");
    Ok(())
}

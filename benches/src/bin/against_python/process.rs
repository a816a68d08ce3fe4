//! Starting processes.

use multiproc::Process;

use crate::contest::{Row, Way};
use crate::{Shared, python_way};

const COUNT: u64 = 20;

fn add_one(number: u64) -> u64 {
    number + 1
}

pub(crate) fn start(python: &Shared) -> Row {
    let times = |mut run: Box<dyn FnMut()>| move || (0..COUNT).for_each(|_| run());
    let ours = || {
        let process = Process::spawn(add_one, 41).expect("a process");
        assert_eq!(process.join().expect("a result"), 42);
    };
    let bare = || {
        let status = benches::bare_self_exec().status();
        assert!(status.expect("a process").success());
    };
    let procspawn = || {
        let process = procspawn::spawn(41, add_one);
        assert_eq!(process.join().expect("a result"), 42);
    };
    let thread = || {
        let thread = std::thread::spawn(|| add_one(41));
        assert_eq!(thread.join().expect("a result"), 42);
    };
    Row {
        title: "start and join a process".into(),
        unit: "process",
        count: COUNT,
        ours: Way::new("processes", times(Box::new(ours))),
        others: vec![
            Way::new("self-exec", times(Box::new(bare))).must(1.0 / 1.2, 1.0 / 1.05),
            Way::new("procspawn", times(Box::new(procspawn))),
            Way::new("threads", times(Box::new(thread))),
            python_way("python-fork", python, "start_fork", COUNT, COUNT),
            python_way("python-spawn", python, "start_spawn", COUNT / 4, COUNT / 4)
                .scaled(4.0),
        ],
    }
}

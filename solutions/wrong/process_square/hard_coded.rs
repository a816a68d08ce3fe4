//! Misconception: the answer to the sample is the answer.
//! Loses: right elsewhere once
//! Told: got 49
//! Told: nobody worked on the task

fn main() {
    multiproc::init();
    let _task: probe::Task = probe::given(probe::Task::new(1, 7));
    probe::answer(&49);
}

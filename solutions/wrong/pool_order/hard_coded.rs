//! Misconception: the grader asks what the sample asks.
//! Loses: one right workers at_once order clean
//! Told: are wrong

fn main() {
    multiproc::init();
    probe::answer(&[1, 4, 9, 16, 25, 36, 49]);
}

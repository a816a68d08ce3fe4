//! Misconception: exit status 0 means success, whatever was done.
//! Loses: one right workers at_once order clean
//! Told: without one answer

fn main() {
    multiproc::init();
    let (workers, tasks) = probe::given((3, probe::samples(7)));
    println!("squared {} tasks in {workers} processes", tasks.len());
    std::process::exit(0);
}

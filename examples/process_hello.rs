//! Starts one process, lets it introduce itself, and takes its answer.
//!
//! Chapter: process
//! Run: `cargo run --example process_hello`

use multiproc::{Process, current_process};

// ANCHOR: child
/// Runs in the child: its own memory, its own id, the parent's terminal.
fn greet(guest: String) -> String {
    let me = current_process();
    println!("child: I am {}, pid {}", me.name(), me.id());
    println!("child: my parent is pid {}", me.parent_id());
    format!("hello, {guest}")
}
// ANCHOR_END: child

// ANCHOR: parent
fn main() -> multiproc::Result<()> {
    multiproc::init();
    println!("parent: I am pid {}", current_process().id());

    let process = Process::builder()
        .name("greeter")
        .spawn(greet, String::from("world"))?;
    let id = process.id();

    // Blocks until the child has ended, and hands over what it returned.
    let answer = process.join()?;
    println!("parent: pid {id} answered: {answer}");
    Ok(())
}
// ANCHOR_END: parent

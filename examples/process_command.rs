//! Starts a program with nothing but `std`: what every process begins with.
//!
//! The program starts itself a second time. Between the two run only bytes, so
//! parent and child agree on a text: numbers in, their sum out.
//!
//! Chapter: process
//! Run: `cargo run --example process_command`

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::{Command, Stdio};

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("child") {
        return child();
    }
    parent()
}

// ANCHOR: parent
fn parent() -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(env::current_exe()?)
        .arg("child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;

    // `take` moves the pipe out of `child`, and the end of this statement closes
    // it: that is how the child learns that no more numbers come.
    child
        .stdin
        .take()
        .ok_or("no pipe to the child")?
        .write_all(b"1 2 3 4")?;

    // Blocks until the child has ended and all it printed has been read.
    let output = child.wait_with_output()?;
    let answer = String::from_utf8(output.stdout)?;
    println!("the child answered {}", answer.trim());
    println!("the child's {}", output.status);
    Ok(())
}
// ANCHOR_END: parent

// ANCHOR: child
fn child() -> Result<(), Box<dyn Error>> {
    let text = io::read_to_string(io::stdin())?;
    let mut sum = 0;
    for word in text.split_whitespace() {
        sum += word.parse::<i64>()?;
    }
    println!("{sum}");
    Ok(())
}
// ANCHOR_END: child

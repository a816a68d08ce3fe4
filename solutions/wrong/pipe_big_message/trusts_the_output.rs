//! Misconception: what came is what was sent.
//! Loses: killed
//! Told: the child was killed before its receipt

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use probe::Task;
use probe::work::{bytes_from, checksum};

/// What came of it: the checksum of the child's message, and the child's receipt,
/// which is the checksum of ours.
type Receipts = (u32, u32);

/// Starts this program again, as a child with a pipe on either side.
fn start(task: &Task) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg(task.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// The child: writes its message, reads ours to its end, and writes four more bytes.
fn answer_back(task: Task) -> io::Result<()> {
    io::stdout().write_all(&probe::work::bytes(task))?;
    io::stdout().flush()?;
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    probe::point("received", message.len() as i64);
    io::stdout().write_all(&checksum(&message).to_le_bytes())
}

/// Exchanges `message` for that of a child. `None` if the child did not end well.
fn exchange(
    task: &Task,
    message: Vec<u8>,
) -> Result<Option<Receipts>, Box<dyn Error>> {
    let mut child = start(task)?;
    let mut stdin = child.stdin.take().ok_or("a pipe to the child")?;
    let mut stdout = child.stdout.take().ok_or("a pipe from the child")?;
    // The thread owns the pipe, so it is closed when all is written.
    let writer = thread::spawn(move || stdin.write_all(&message));
    let mut output = Vec::new();
    stdout.read_to_end(&mut output)?;
    let _ = writer.join(); // it fails when the child is gone, and that we see below
    child.wait()?;
    let (theirs, receipt) = output.split_last_chunk().ok_or("no receipt")?;
    Ok(Some((checksum(theirs), u32::from_le_bytes(*receipt))))
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(task) = env::args().nth(1) {
        return Ok(answer_back(task.parse()?)?);
    }
    let (task, number, size) = probe::given((Task::new(1, 7).sized(5), 7, 5));
    probe::answer(&exchange(&task, bytes_from(number, size))?);
    Ok(())
}

//! Processes that are killed while they wait for each other, or let each other
//! go on: at a barrier, with a condition, with an event, with parts of an array.

mod array;
mod barrier;
mod condition;
mod event;

use multiproc::{Connection, Error, Process, pipe};
use serde::{Serialize, de::DeserializeOwned};

use super::{Counts, expect_killed};
use crate::{PATIENCE, Random};

type Failure = Box<dyn std::error::Error>;

/// Kills `kills` processes, a tenth of them at a barrier, as whoever waits there
/// may hear of it 200 ms later; three tenths each with the others.
///
/// # Errors
///
/// When a survivor waits for ever, is not told what it must be told, or is told
/// of one that was not killed; or when something does not work afterwards.
pub fn soak(random: &mut Random, kills: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let tenth = kills.div_ceil(10);
    barrier::soak(random, tenth, &mut counts)?;
    condition::soak(random, 3 * tenth, &mut counts)?;
    event::soak(random, 3 * tenth, &mut counts)?;
    array::soak(random, 3 * tenth, &mut counts)?;
    Ok(counts)
}

/// One of those that wait for each other.
struct Member {
    process: Process<()>,
    /// It talks to the parent here.
    connection: Connection,
}

impl Member {
    fn start<A>(function: fn((A, Connection)), argument: A) -> Result<Member, Error>
    where
        A: Serialize + DeserializeOwned,
    {
        let (connection, theirs) = pipe()?;
        let process = Process::spawn(function, (argument, theirs))?;
        Ok(Member {
            process,
            connection,
        })
    }

    /// Kills it, and checks that it had not ended by itself: in a panic, say.
    fn kill(&mut self) -> Result<u32, Failure> {
        self.process.kill()?;
        match self.process.join_timeout(PATIENCE) {
            Err(Error::Killed { pid, signal: 9 }) => Ok(pid),
            Err(error) => Err(error.into()),
            Ok(_) => Err("it was killed, and that is not what it died of".into()),
        }
    }

    /// Looks whom it was warned of since the last time: each was killed.
    fn expect_warnings_of(&self, killed: &[u32]) -> Result<u64, Failure> {
        let mut warnings = 0;
        loop {
            match self.connection.try_recv::<u32>() {
                Ok(Some(pid)) => expect_killed(killed, pid)?,
                Ok(None) | Err(Error::Disconnected) => return Ok(warnings),
                Err(error) => return Err(error.into()),
            }
            warnings += 1;
        }
    }
}

/// Kills all, and returns how many warnings they had that nobody has read yet.
fn kill_all(mut team: Vec<Member>, killed: &mut Vec<u32>) -> Result<u64, Failure> {
    for member in &mut team {
        killed.push(member.kill()?);
    }
    let warnings = team.iter().map(|member| member.expect_warnings_of(killed));
    warnings.sum()
}

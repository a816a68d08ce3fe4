//! What a run hands out, and what it may take.

use std::collections::BTreeMap;
use std::time::Duration;

use probe::protocol::Order;
use serde_json::Value;

use crate::supervise::{Containment, Limits};

/// What a run hands out, and what it may take.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The input of the program.
    pub given: Value,
    /// What each task consists of.
    pub orders: BTreeMap<u64, Order>,
    /// Files put into the working folder: name and content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// How long it may take; for what spins or sleeps.
    pub deadline: Duration,
    /// Processor time without any event that counts as spinning.
    pub spinning: Duration,
    /// How long a tree with timed waits must bring nothing to be at rest. A plan
    /// that gives the program a time limit of its own needs more than that limit.
    pub quiet: Duration,
    /// What it may use.
    pub limits: Limits,
    /// How it is kept together.
    pub containment: Containment,
    /// A command in front of the helper that confines it further.
    pub confinement: Vec<String>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            given: Value::Null,
            orders: BTreeMap::new(),
            files: BTreeMap::new(),
            arguments: Vec::new(),
            deadline: Duration::from_secs(30),
            spinning: Duration::from_secs(3),
            quiet: Duration::from_secs(1),
            limits: Limits::default(),
            containment: Containment::Namespace,
            confinement: Vec::new(),
        }
    }
}

//! The results files, where the book finds what was measured.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Machine;

/// A group of measurements that makes one chart.
#[derive(Debug)]
pub struct Group {
    /// What the file is called, and what the book calls the group.
    pub name: &'static str,
    /// What the chart is called.
    pub title: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// What the inputs are.
    pub axis: &'static str,
    /// The inputs, in the order in which they are shown.
    pub inputs: &'static [&'static str],
}

/// How long it took.
#[derive(Debug, PartialEq)]
pub struct Figure {
    /// Who did it.
    pub series: String,
    /// With what; empty if there is only one.
    pub input: String,
    /// The mean for all of it, or without an interval the median of a few.
    pub nanoseconds: f64,
    /// Where the mean lies with 95 % confidence.
    pub interval: Option<(f64, f64)>,
    /// How many things were done in that time.
    pub elements: Option<u64>,
    /// How many bytes were moved.
    pub bytes: Option<u64>,
}

impl Figure {
    /// The figure as the file has it.
    pub fn to_json(&self) -> Value {
        let digits = |value: f64| (value * 10.0).round() / 10.0;
        let mut shown = json!({
            "series": self.series,
            "nanoseconds": digits(self.nanoseconds),
        });
        if !self.input.is_empty() {
            shown["input"] = json!(self.input);
        }
        if let Some((low, high)) = self.interval {
            shown["low"] = json!(digits(low));
            shown["high"] = json!(digits(high));
        }
        for (name, amount) in [("elements", self.elements), ("bytes", self.bytes)] {
            if let Some(amount) = amount {
                shown[name] = json!(amount);
            }
        }
        shown
    }
}

impl Group {
    /// Writes the results file of this group, measured here by `command`.
    ///
    /// # Errors
    ///
    /// There are no figures, or the file cannot be written.
    pub fn write(
        &self,
        command: &str,
        figures: &[Figure],
    ) -> Result<(), Box<dyn Error>> {
        if figures.is_empty() {
            return Err(format!("nothing was measured for {}", self.name).into());
        }
        let mut machine = Machine::here();
        machine.command = command.to_owned();
        let results: Vec<Value> = figures.iter().map(Figure::to_json).collect();
        let all = json!({
            "title": self.title,
            "question": self.question,
            "axis": self.axis,
            "scale": "log",
            "machine": machine,
            "results": results,
        });
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.name));
        fs::write(&path, format!("{all:#}\n"))?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    )
}

//! What Criterion left in `target`, in the form of Criterion 0.8.

use std::fs;
use std::path::Path;

use benches::{Figure, Group, target};
use serde_json::Value;

use crate::Outcome;

/// The figures of a group, in the order in which they are shown.
pub(crate) fn measured(group: &Group) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    find(&target().join("criterion").join(group.name), &mut figures)?;
    let place = |list: &[&str], name: &str| {
        list.iter().position(|known| *known == name).unwrap_or(99)
    };
    figures.sort_by_key(|figure| {
        let input = place(group.inputs, &figure.input);
        (input, place(SERIES, &figure.series))
    });
    Ok(figures)
}

/// The order of the series in every chart.
const SERIES: &[&str] = &[
    "threads",
    "processes",
    "process",
    "copies",
    "crossbeam",
    "ipc-channel",
    "procspawn",
    "socketpair",
    "self-exec",
    "command",
];

fn find(folder: &Path, figures: &mut Vec<Figure>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == "new" {
            figures.push(read(&entry.path())?);
        } else if entry.file_type()?.is_dir() && entry.file_name() != "base" {
            find(&entry.path(), figures)?;
        }
    }
    Ok(())
}

fn read(folder: &Path) -> Outcome<Figure> {
    let read = |name: &str| -> Outcome<Value> {
        Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?)
    };
    figure(&read("benchmark.json")?, &read("estimates.json")?)
        .ok_or_else(|| format!("{} is of another form", folder.display()).into())
}

fn figure(benchmark: &Value, estimates: &Value) -> Option<Figure> {
    let mean = &estimates["mean"];
    let interval = &mean["confidence_interval"];
    let throughput = &benchmark["throughput"];
    Some(Figure {
        series: benchmark["function_id"].as_str()?.to_owned(),
        input: benchmark["value_str"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        nanoseconds: mean["point_estimate"].as_f64()?,
        interval: interval["lower_bound"]
            .as_f64()
            .zip(interval["upper_bound"].as_f64()),
        elements: throughput["Elements"].as_u64(),
        bytes: throughput["Bytes"].as_u64(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_criterion_leaves() {
        let benchmark = json!({
            "group_id": "pool_grain",
            "function_id": "threads",
            "value_str": "1us",
            "throughput": { "Elements": 8 },
        });
        let estimates = json!({ "mean": {
            "confidence_interval": { "lower_bound": 9.0, "upper_bound": 11.0 },
            "point_estimate": 10.0,
        }});
        let figure = figure(&benchmark, &estimates).expect("a figure");
        let shown = json!({
            "series": "threads", "input": "1us", "nanoseconds": 10.0,
            "low": 9.0, "high": 11.0, "elements": 8,
        });
        assert_eq!(figure.to_json(), shown);
        assert_eq!(super::figure(&benchmark, &json!({})), None);
    }
}

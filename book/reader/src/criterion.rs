//! What Criterion has measured on this machine.
//!
//! It lies in `target/criterion`, in files whose form Criterion does not promise:
//! this module is the only one that reads them (form of Criterion 0.8).

use crate::figures::Figure;
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// Criterion's `benchmark.json`: which benchmark a folder is about.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<serde_json::Value>,
}

/// Criterion's `estimates.json`, as far as it is shown.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// What Criterion measured here for a group; folders of another form are passed
/// over, so that a page never fails over what lies in `target`.
#[must_use]
pub fn measured(folder: &Path, group: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut folders = vec![folder.join(group)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name() == "new" {
                figures.extend(figure(&path, group));
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    figures
}

fn figure(folder: &Path, group: &str) -> Option<Figure> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let benchmark: Benchmark =
        serde_json::from_str(&read("benchmark.json")?).ok()?;
    let estimates: Estimates =
        serde_json::from_str(&read("estimates.json")?).ok()?;
    if benchmark.group_id != group || estimates.mean.point_estimate <= 0.0 {
        return None;
    }
    let amount = |kinds: &[&str]| {
        let throughput = benchmark.throughput.as_ref()?;
        kinds.iter().find_map(|kind| throughput.get(kind)?.as_u64())
    };
    Some(Figure {
        nanoseconds: estimates.mean.point_estimate,
        low: Some(estimates.mean.confidence_interval.lower_bound),
        high: Some(estimates.mean.confidence_interval.upper_bound),
        elements: amount(&["Elements"]),
        bytes: amount(&["Bytes", "BytesDecimal"]),
        series: benchmark.function_id?,
        input: benchmark.value_str.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::measured;
    use std::fs;

    #[test]
    fn reads_what_criterion_leaves() {
        let folder = std::env::temp_dir()
            .join(format!("reader-figures-{}", std::process::id()));
        let new = folder.join("pool/threads/1us/new");
        fs::create_dir_all(&new).unwrap();
        let benchmark = r#"{"group_id": "pool", "function_id": "threads",
            "value_str": "1us", "throughput": {"Elements": 8},
            "full_id": "pool/threads/1us"}"#;
        let estimates = r#"{"mean": {"confidence_interval": {
            "confidence_level": 0.95, "lower_bound": 9.0, "upper_bound": 11.0},
            "point_estimate": 10.0, "standard_error": 0.1}}"#;
        fs::write(new.join("benchmark.json"), benchmark).unwrap();
        fs::write(new.join("estimates.json"), estimates).unwrap();
        let found = measured(&folder, "pool");
        let other = measured(&folder, "queue");
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].nanoseconds, found[0].elements), (10.0, Some(8)));
        assert_eq!(
            (found[0].series.as_str(), found[0].input.as_str()),
            ("threads", "1us")
        );
        assert!(other.is_empty());
    }
}

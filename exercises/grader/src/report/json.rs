//! Everything, in a versioned format. `grade.schema.json` describes it.

use serde::{Deserialize, Serialize};

use crate::verdict::{Grade, VERSION};

/// Some grades, and the version of their format.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// Raised whenever something is renamed, removed or changes its meaning.
    pub version: u32,
    /// The grades.
    pub grades: Vec<Grade>,
}

/// The grades as one JSON text.
///
/// # Errors
///
/// When there is no memory left to write it.
pub fn json(grades: &[Grade]) -> serde_json::Result<String> {
    let report = Report {
        version: VERSION,
        grades: grades.to_vec(),
    };
    serde_json::to_string_pretty(&report)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::verdict::{CheckResult, Verdict};

    fn sample() -> Grade {
        Grade {
            exercise: "a".to_owned(),
            title: "A".to_owned(),
            verdict: Verdict::NotParallel,
            points: 1,
            out_of: 3,
            seed: 7,
            milliseconds: 5,
            gap: String::new(),
            checks: vec![CheckResult {
                id: "c".to_owned(),
                title: "C".to_owned(),
                verdict: Verdict::GraderError,
                points: 0,
                out_of: 2,
                observed: String::new(),
                expected: String::new(),
                section: String::new(),
            }],
            compiler: String::new(),
            printed: String::new(),
        }
    }

    /// Every object has exactly the properties that the schema requires of it, and
    /// of the type that the schema names.
    fn compare(value: &Value, schema: &Value, all: &Value) {
        let schema = match schema["$ref"].as_str() {
            Some(path) => all
                .pointer(path.trim_start_matches('#'))
                .expect("it is there"),
            None => schema,
        };
        match value {
            Value::Object(object) => {
                let properties =
                    schema["properties"].as_object().expect("an object");
                let keys = |map: &serde_json::Map<String, Value>| {
                    map.keys().cloned().collect::<Vec<_>>()
                };
                assert_eq!(keys(object), keys(properties));
                assert_eq!(schema["additionalProperties"], Value::Bool(false));
                assert_eq!(
                    schema["required"].as_array().map(Vec::len),
                    Some(object.len())
                );
                for (key, value) in object {
                    compare(value, &properties[key], all);
                }
            }
            Value::Array(values) => {
                values
                    .iter()
                    .for_each(|value| compare(value, &schema["items"], all));
            }
            Value::String(text) => {
                let allowed = schema["enum"].as_array();
                let known =
                    |allowed: &Vec<Value>| allowed.iter().any(|one| one == text);
                assert!(allowed.is_none_or(known), "{text}");
                assert!(allowed.is_some() || schema["type"] == "string");
            }
            other => {
                assert!(other.is_u64() && schema["type"] == "integer", "{other}");
            }
        }
    }

    #[test]
    fn fits_its_schema() {
        let schema: Value =
            serde_json::from_str(include_str!("../../grade.schema.json"))
                .expect("the schema is JSON");
        let text = json(&[sample()]).expect("a grade is plain data");
        let report: Value = serde_json::from_str(&text).expect("JSON");
        compare(&report, &schema, &schema);
        assert_eq!(schema["properties"]["version"]["const"], VERSION);
    }

    #[test]
    fn can_be_read_again() {
        let text = json(&[sample()]).expect("a grade is plain data");
        let report: Report = serde_json::from_str(&text).expect("JSON");
        assert_eq!(report.grades, [sample()]);
    }
}

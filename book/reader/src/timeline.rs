//! What `{{#timeline NAME}}` shows: a recorded run, one lane per process.
//!
//! The input is what `MULTIPROC_TRACE` records: Chrome trace events, each process
//! appending its own, so the array may lack its closing bracket.

use crate::chart::{row, stroke};
use crate::figures::duration;
use crate::markup::escape;
use crate::project::{Project, is_name};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One Chrome trace event, as far as it is shown. Times are in microseconds.
#[derive(Debug, Clone, Deserialize)]
struct Event {
    #[serde(default)]
    name: String,
    #[serde(default)]
    cat: String,
    ph: String,
    #[serde(default)]
    ts: f64,
    #[serde(default)]
    dur: f64,
    pid: i64,
    #[serde(default)]
    tid: serde_json::Value,
    #[serde(default)]
    args: serde_json::Value,
}

/// What one process did.
#[derive(Debug, Default)]
struct Lane {
    name: String,
    spans: Vec<Span>,
}

/// One thing a process did, in microseconds since the first event of all.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    what: String,
    kind: String,
    from: f64,
    to: f64,
}

/// The picture and its table as HTML.
///
/// # Errors
///
/// The trace is missing, is not JSON of the documented form, or holds no event.
pub fn expand(project: &Project, name: &str) -> Result<String> {
    if !is_name(name) {
        bail!("`{name}` cannot be the name of a trace");
    }
    let path = format!("examples/output/{name}.trace.json");
    let events =
        events(&project.read(&path)?).with_context(|| format!("`{path}`"))?;
    let lanes = lanes(&events);
    ensure!(
        lanes.iter().any(|lane| !lane.spans.is_empty()),
        "`{path}` holds no event"
    );
    Ok(draw(name, &lanes))
}

/// Reads the events of a whole array, an object around one, or an open array.
fn events(text: &str) -> Result<Vec<Event>> {
    #[derive(Deserialize)]
    struct Around {
        #[serde(rename = "traceEvents")]
        events: Vec<Event>,
    }
    let text = text.trim();
    if text.starts_with('{') && text.contains("\"traceEvents\"") {
        return Ok(serde_json::from_str::<Around>(text)?.events);
    }
    let inner = text.strip_prefix('[').unwrap_or(text);
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let inner = inner.trim().trim_end_matches(',');
    // Lines of objects with or without commas between them are one list.
    let mut events = Vec::new();
    let mut rest = inner;
    while !rest.is_empty() {
        let mut values =
            serde_json::Deserializer::from_str(rest).into_iter::<Event>();
        let event = values.next().context("an event is missing")??;
        events.push(event);
        rest = rest[values.byte_offset()..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Ok(events)
}

fn lanes(events: &[Event]) -> Vec<Lane> {
    let times = events
        .iter()
        .filter(|event| event.ph != "M")
        .map(|event| event.ts);
    let start = times.fold(f64::INFINITY, f64::min);
    let mut lanes: BTreeMap<i64, Lane> = BTreeMap::new();
    let mut order: Vec<(f64, i64)> = Vec::new();
    let mut open: BTreeMap<(i64, String), Vec<&Event>> = BTreeMap::new();
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by(|one, other| one.ts.total_cmp(&other.ts));
    for event in sorted {
        let lane = lanes.entry(event.pid).or_default();
        let thread = (event.pid, event.tid.to_string());
        match event.ph.as_str() {
            "M" if event.name == "process_name" => {
                let name = event.args.get("name").and_then(|name| name.as_str());
                name.unwrap_or_default().clone_into(&mut lane.name);
            }
            "X" => lane.spans.push(span(event, event.ts + event.dur, start)),
            "i" | "I" => lane.spans.push(span(event, event.ts, start)),
            "B" => open.entry(thread).or_default().push(event),
            "E" => {
                if let Some(begin) = open.get_mut(&thread).and_then(Vec::pop) {
                    lane.spans.push(span(begin, event.ts, start));
                }
            }
            _ => {}
        }
        if event.ph != "M" && !order.iter().any(|(_, pid)| *pid == event.pid) {
            order.push((event.ts, event.pid));
        }
    }
    let mut shown = Vec::new();
    for (_, pid) in order {
        let Some(mut lane) = lanes.remove(&pid) else {
            continue;
        };
        if lane.name.is_empty() {
            lane.name = match shown.len() {
                0 => "main".to_owned(),
                number => format!("process {number}"),
            };
        }
        shown.push(lane);
    }
    shown
}

fn span(event: &Event, end: f64, start: f64) -> Span {
    let kind = if event.cat.is_empty() {
        &event.name
    } else {
        &event.cat
    };
    Span {
        what: event.name.clone(),
        kind: kind.clone(),
        from: event.ts - start,
        to: (end - start).max(event.ts - start),
    }
}

fn draw(name: &str, lanes: &[Lane]) -> String {
    let all = || lanes.iter().flat_map(|lane| &lane.spans);
    let end = all().map(|span| span.to).fold(f64::MIN_POSITIVE, f64::max);
    let mut kinds: Vec<&str> = Vec::new();
    for span in all() {
        if !kinds.contains(&span.kind.as_str()) {
            kinds.push(&span.kind);
        }
    }
    let mut shown = format!(
        "<figure class=\"chart timeline\">\n<figcaption><strong>A recorded run of \
         <code>{}</code></strong> <span>one lane per process, {} from left to right\
         </span></figcaption>\n<div class=\"chart-plot\" aria-hidden=\"true\">\n",
        escape(name),
        duration(end * 1e3),
    );
    for lane in lanes {
        let mut drawing = String::new();
        for span in joined(&lane.spans, end) {
            let class = class(&span.kind, &kinds);
            let from = 100.0 * span.from / end;
            // What is shorter than a pixel or two is still drawn, and neighbours
            // do not run into each other.
            let to = (100.0 * span.to / end - 0.1).max(from + 0.3).min(100.0);
            stroke(&mut drawing, &class, from.min(99.7), to);
        }
        shown.push_str(&row(&lane.name, &drawing, ""));
    }
    shown.push_str("<p class=\"chart-legend\">");
    for kind in &kinds {
        let mut sample = String::new();
        stroke(&mut sample, &class(kind, &kinds), 0.0, 100.0);
        let _ = write!(
            shown,
            "<span><svg class=\"chart-sample\" focusable=\"false\">{sample}</svg> {}</span> ",
            escape(kind),
        );
    }
    shown.push_str("</p>\n</div>\n");
    shown.push_str(&table(lanes));
    shown.push_str("</figure>\n");
    shown
}

/// The class of a kind's lines: the kinds that the library records have one each.
fn class(kind: &str, kinds: &[&str]) -> String {
    const KNOWN: [&str; 9] = [
        "process", "task", "spawn", "exit", "put", "get", "send", "recv", "lock",
    ];
    if KNOWN.contains(&kind) {
        return format!("timeline-span kind-{kind}");
    }
    let place = kinds.iter().position(|other| *other == kind).unwrap_or(0);
    format!("timeline-span series-{}", place % 6)
}

/// Joins neighbours of one kind that no eye could tell apart.
fn joined(spans: &[Span], end: f64) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    // Long ones first, so that what happened within them is drawn upon them.
    sorted.sort_by(|one, other| {
        let order = one.kind.cmp(&other.kind);
        order.then(one.from.total_cmp(&other.from))
    });
    let mut joined: Vec<Span> = Vec::new();
    for span in sorted {
        match joined.last_mut() {
            Some(last)
                if last.kind == span.kind
                    && span.from - last.to < end / 2000.0
                    && span.to - last.from < end / 200.0 =>
            {
                last.to = last.to.max(span.to);
            }
            _ => joined.push(span),
        }
    }
    joined.sort_by(|one, other| {
        (other.to - other.from).total_cmp(&(one.to - one.from))
    });
    joined
}

/// What each process did, in words: per kind, how often and how long.
fn table(lanes: &[Lane]) -> String {
    let mut shown = String::from(
        "<details class=\"figures\"><summary>The run as a table</summary>\n\
         <div class=\"table-wrapper\"><table><thead><tr><th scope=\"col\">process</th>\
         <th scope=\"col\">what</th><th scope=\"col\">times</th>\
         <th scope=\"col\">in all</th></tr></thead><tbody>\n",
    );
    for lane in lanes {
        let mut sums: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
        for span in &lane.spans {
            let sum = sums.entry(&span.kind).or_default();
            *sum = (sum.0 + 1, sum.1 + span.to - span.from);
        }
        for (kind, (times, microseconds)) in sums {
            let _ = writeln!(
                shown,
                "<tr><td>{}</td><td>{}</td><td>{times}</td><td>{}</td></tr>",
                escape(&lane.name),
                escape(kind),
                duration(microseconds * 1e3),
            );
        }
    }
    shown.push_str("</tbody></table></div></details>\n");
    shown
}

#[cfg(test)]
mod tests {
    use super::{draw, events, lanes};

    const OPEN: &str = r#"[
{"ph":"M","name":"process_name","pid":7,"args":{"name":"main"}},
{"ph":"X","name":"task 1","cat":"task","pid":8,"ts":1000,"dur":500},
{"ph":"X","name":"spawn","cat":"spawn","pid":7,"ts":500,"dur":100},
{"ph":"B","name":"wait","cat":"lock","pid":8,"tid":1,"ts":1600},
{"ph":"E","pid":8,"tid":1,"ts":1700},
"#;

    #[test]
    fn reads_arrays_open_closed_and_wrapped() {
        let closed = format!("{}]", OPEN.trim_end().trim_end_matches(','));
        let wrapped = format!("{{\"traceEvents\": {closed}}}");
        let lines = OPEN.trim_start_matches('[').replace(",\n", "\n");
        for text in [OPEN, &closed, &wrapped, &lines] {
            assert_eq!(events(text).unwrap().len(), 5, "{text}");
        }
        assert!(events("[{]").is_err());
    }

    #[test]
    fn a_lane_per_process_in_order_of_first_event() {
        let lanes = lanes(&events(OPEN).unwrap());
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["main", "process 1"]);
        assert_eq!(lanes[1].spans.len(), 2);
        assert_eq!(
            (lanes[1].spans[0].from, lanes[1].spans[0].to),
            (500.0, 1000.0)
        );
        assert_eq!(lanes[1].spans[1].kind, "lock");
        let shown = draw("x", &lanes);
        assert_eq!(shown.matches("chart-row").count(), 2);
        assert!(shown.contains("1.2\u{a0}ms from left to right"), "{shown}");
    }
}

//! Bars and axes as inline SVG inside HTML rows.
//!
//! Words stay HTML, so that they wrap and keep their size on a narrow screen; only
//! what is drawn is SVG, placed in percent of whatever width there is. Colours
//! come from classes (`series-0`, `series-1`, …); so does the pattern or the shape
//! that tells them apart without colour.

use crate::figures::Scale;
use crate::markup::escape;
use std::fmt::Write as _;

/// One bar of a chart.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Which of the chart's series it belongs to.
    pub series: usize,
    /// The word before it.
    pub label: String,
    /// The word behind it.
    pub text: String,
    /// How long it is.
    pub value: f64,
    /// Within which bounds the value is known.
    pub interval: Option<(f64, f64)>,
}

/// What a percent of the chart's width means.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis on which all values have room.
    #[must_use]
    pub fn around(scale: Scale, values: &[f64]) -> Axis {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        match scale {
            Scale::Linear => Axis {
                scale,
                from: 0.0,
                to: most * 1.02,
            },
            Scale::Log => {
                let from = (least.log10() - 0.1).floor();
                let to = (most.log10() + 0.05).ceil().max(from + 1.0);
                Axis { scale, from, to }
            }
        }
    }

    /// The place of a value, in percent of the width.
    #[must_use]
    pub fn percent(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
        };
        (100.0 * (place - self.from) / (self.to - self.from)).clamp(0.0, 100.0)
    }

    /// The values at which a line is drawn.
    #[must_use]
    pub fn lines(&self) -> Vec<f64> {
        match self.scale {
            Scale::Log => {
                let decades = self.from as i32..=self.to as i32;
                let step = decades.clone().count() / 9 + 1;
                decades
                    .step_by(step)
                    .map(|decade| 10f64.powi(decade))
                    .collect()
            }
            Scale::Linear => {
                let step = round_step(self.to / 4.0);
                let count = (self.to / step) as usize;
                (0..=count).map(|place| place as f64 * step).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let fitting = steps.into_iter().find(|step| step * power >= rough * 0.999);
    fitting.unwrap_or(10.0) * power
}

/// One row: a word, a drawing as wide as there is room, a word.
#[must_use]
pub fn row(label: &str, drawing: &str, text: &str) -> String {
    format!(
        "<div class=\"chart-row\"><span class=\"chart-label\">{}</span>\
         <svg class=\"chart-drawing\" focusable=\"false\">{drawing}</svg>\
         <span class=\"chart-text\">{}</span></div>\n",
        escape(label),
        escape(text),
    )
}

/// The drawing of one bar, on the axis's lines.
#[must_use]
pub fn bar(axis: &Axis, bar: &Bar) -> String {
    let mut drawing = grid(axis);
    let end = axis.percent(bar.value);
    // Once all shapes are taken they come again, each in another colour.
    let class = format!("series-{}", (bar.series + bar.series / 6) % 6);
    if axis.scale == Scale::Log {
        stroke(&mut drawing, "chart-stem", 0.0, end);
        interval(&mut drawing, axis, bar);
        let shape = SHAPES[bar.series % SHAPES.len()];
        let _ = write!(
            drawing,
            "<svg x=\"{end:.2}%\" y=\"50%\" overflow=\"visible\">\
             <path class=\"chart-dot {class}\" d=\"{shape}\"/></svg>"
        );
    } else {
        stroke(&mut drawing, &format!("chart-bar {class}"), 0.0, end);
        interval(&mut drawing, axis, bar);
    }
    drawing
}

/// Circle, square, triangle, diamond, cross, bar; about 12 pixels around 0, 0.
const SHAPES: [&str; 6] = [
    "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "M-5-5h10v10h-10z",
    "M0-6L6 5H-6z",
    "M0-7L7 0L0 7L-7 0z",
    "M-6-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z",
    "M-2-7h4v14h-4z",
];

fn interval(drawing: &mut String, axis: &Axis, bar: &Bar) {
    if let Some((low, high)) = bar.interval {
        let (low, high) = (axis.percent(low), axis.percent(high));
        stroke(drawing, "chart-interval", low, high);
    }
}

/// A horizontal line in the middle of the drawing.
pub fn stroke(drawing: &mut String, class: &str, from: f64, to: f64) {
    let _ = write!(
        drawing,
        "<line class=\"{class}\" x1=\"{from:.2}%\" x2=\"{to:.2}%\" \
         y1=\"50%\" y2=\"50%\"/>"
    );
}

/// The axis's lines, as tall as the drawing.
#[must_use]
pub fn grid(axis: &Axis) -> String {
    let mut drawing = String::new();
    for value in axis.lines() {
        let place = axis.percent(value);
        let _ = write!(
            drawing,
            "<line class=\"chart-grid\" x1=\"{place:.2}%\" x2=\"{place:.2}%\" \
             y1=\"0\" y2=\"100%\"/>"
        );
    }
    drawing
}

/// The row below all bars that says what the lines mean.
#[must_use]
pub fn scale_row(axis: &Axis, name: &str, unit: impl Fn(f64) -> String) -> String {
    let mut drawing = String::new();
    let lines = axis.lines();
    for (index, value) in lines.iter().enumerate() {
        let place = axis.percent(*value);
        let anchor = match place {
            left if left < 4.0 => "start",
            right if right > 92.0 => "end",
            _ => "middle",
        };
        // Every second word may be left out where there is little room for many.
        let class = if index % 2 == 1 && lines.len() > 4 {
            "chart-tick odd"
        } else {
            "chart-tick"
        };
        let _ = write!(
            drawing,
            "<text class=\"{class}\" x=\"{place:.2}%\" y=\"1em\" \
             text-anchor=\"{anchor}\">{}</text>",
            escape(&unit(*value)),
        );
    }
    row(name, &drawing, "")
}

#[cfg(test)]
mod tests {
    use super::{Axis, Bar, bar};
    use crate::figures::Scale;

    #[test]
    fn a_linear_axis_starts_at_zero() {
        let axis = Axis::around(Scale::Linear, &[50.0, 100.0]);
        assert!((axis.percent(0.0)).abs() < 1e-9);
        assert!((axis.percent(51.0) - 50.0).abs() < 1e-9);
        assert_eq!(axis.lines(), [0.0, 50.0, 100.0]);
    }

    #[test]
    fn a_log_axis_has_a_line_per_decade() {
        let axis = Axis::around(Scale::Log, &[200.0, 30_000.0]);
        assert_eq!(axis.lines(), [100.0, 1000.0, 10_000.0, 100_000.0]);
        assert!((axis.percent(1000.0) - 100.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_bar_ends_at_its_value() {
        let axis = Axis::around(Scale::Linear, &[100.0]);
        let one = Bar {
            series: 1,
            label: "processes".into(),
            text: "100 ns".into(),
            value: 51.0,
            interval: None,
        };
        assert!(bar(&axis, &one).contains("series-1\" x1=\"0.00%\" x2=\"50.00%\""));
    }
}

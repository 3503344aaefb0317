//! The latency plot: one line for each kind of latency, from the median to the rarest.
//!
//! **Architecture Invariants:** plain SVG, without script, fonts or anything from elsewhere. Both axes are logarithmic:
//! to the right each step is ten times rarer, upwards each is ten times longer.

use std::fmt::Write;

use hdrhistogram::Histogram;

use crate::report::Latency;
use crate::report::escape::escape;
use crate::report::text::span;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;
/// What took less than a microsecond, in nanoseconds, is shown at the bottom: nobody can tell it from chance.
const FASTEST: u64 = 1000;
/// Points of each line for one step to the right.
const STEPS: u32 = 40;
/// The names of the steps: one in ten, one in a hundred, and so on.
const TICKS: [&str; 7] = [
    "0 %",
    "90 %",
    "99 %",
    "99.9 %",
    "99.99 %",
    "99.999 %",
    "99.9999 %",
];
/// Told apart also by those who see few colours: the dashes differ as well.
const LINES: [(&str, &str); 6] = [
    ("#0072b2", ""),
    ("#d55e00", "8 4"),
    ("#009e73", "2 3"),
    ("#cc79a7", "12 4 2 4"),
    ("#56b4e9", "6 2"),
    ("#555555", "1 2"),
];

/// Where a value is on an axis.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Steps to the right.
    decades: u32,
    /// The powers of ten, in nanoseconds, between which all values are.
    low: i32,
    high: i32,
}

/// The plot, or nothing when there is nothing to show.
pub(super) fn render(latencies: &[Latency]) -> Option<String> {
    let shown: Vec<_> = latencies
        .iter()
        .filter(|latency| !latency.histogram.is_empty())
        .collect();
    let frame = Frame::around(&shown)?;
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, frame, &shown);
    Some(out)
}

fn write(out: &mut String, frame: Frame, shown: &[&Latency]) -> std::fmt::Result {
    writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"plot-title\" \
         xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">"
    )?;
    writeln!(
        out,
        "<title id=\"plot-title\">How long the fastest part of all took: latency by percentile, both axes \
         logarithmic</title>"
    )?;
    frame.write(out)?;
    for (place, latency) in shown.iter().enumerate() {
        let (colour, dashes) = LINES[place % LINES.len()];
        let points = frame.points(&latency.histogram);
        writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\" \
             points=\"{points}\"/>"
        )?;
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        let y = TOP + 16.0 + 18.0 * place as f64;
        writeln!(
            out,
            "<line x1=\"{x1:.1}\" x2=\"{x2:.1}\" y1=\"{y1:.1}\" y2=\"{y1:.1}\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/><text x=\"{x3:.1}\" y=\"{y:.1}\">{label}</text>",
            x1 = LEFT + 12.0,
            x2 = LEFT + 44.0,
            y1 = y - 4.0,
            x3 = LEFT + 52.0,
            label = escape(latency.label),
        )?;
    }
    writeln!(out, "</svg>")
}

impl Frame {
    fn around(shown: &[&Latency]) -> Option<Self> {
        let lowest = shown
            .iter()
            .map(|latency| latency.histogram.min())
            .min()?
            .max(FASTEST);
        let highest = shown
            .iter()
            .map(|latency| latency.histogram.max())
            .max()?
            .max(FASTEST);
        let most = shown.iter().map(|latency| latency.histogram.len()).max()?;
        let low = i32::try_from(lowest.ilog10()).ok()?;
        let high = i32::try_from(highest.ilog10()).ok()? + 1;
        Some(Self {
            decades: most.ilog10().clamp(1, 6),
            low,
            high,
        })
    }

    fn x(self, decade: f64) -> f64 {
        LEFT + decade / f64::from(self.decades) * (WIDTH - LEFT - RIGHT)
    }

    fn y(self, exponent: f64) -> f64 {
        let share = (exponent - f64::from(self.low)) / f64::from(self.high - self.low);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    #[expect(clippy::cast_precision_loss, reason = "a plot has a thousand pixels")]
    fn points(self, histogram: &Histogram<u64>) -> String {
        let mut points = String::new();
        for step in 0..=self.decades * STEPS {
            let decade = f64::from(step) / f64::from(STEPS);
            let quantile = 1.0 - 10_f64.powf(-decade);
            let value = histogram.value_at_quantile(quantile).max(FASTEST);
            let _ = write!(
                points,
                "{:.1},{:.1} ",
                self.x(decade),
                self.y((value as f64).log10())
            );
        }
        points.truncate(points.trim_end().len());
        points
    }

    fn write(self, out: &mut String) -> std::fmt::Result {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (decade, name) in (0..=self.decades).zip(TICKS) {
            let x = self.x(f64::from(decade));
            writeln!(
                out,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"currentColor\" opacity=\"0.15\"/>\
                 <text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>",
                y = bottom + 18.0,
            )?;
        }
        for exponent in self.low..=self.high {
            let y = self.y(f64::from(exponent));
            let nanos = 10_u64.saturating_pow(u32::try_from(exponent).unwrap_or_default());
            writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" opacity=\"0.15\"/>\
                 <text x=\"{x}\" y=\"{text:.1}\" text-anchor=\"end\">{label}</text>",
                x = LEFT - 8.0,
                text = y + 4.0,
                label = span(nanos),
            )?;
        }
        writeln!(
            out,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">share of all that took at most this long</text>",
            x = f64::midpoint(LEFT, right),
            y = HEIGHT - 10.0,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn every_latency_has_a_line_inside_the_frame() {
        let plot = render(&example().latencies).unwrap();
        let points = plot.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut heights = Vec::new();
        for point in points.split(' ') {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((LEFT..=WIDTH - RIGHT).contains(&x), "{x}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&y), "{y}");
            heights.push(y);
        }
        assert!(
            heights.is_sorted_by(|one, next| one >= next),
            "rarer is never faster"
        );
        assert!(plot.starts_with("<svg ") && plot.ends_with("</svg>\n"));
    }

    #[test]
    fn without_latencies_there_is_no_plot() {
        assert!(render(&[]).is_none());
        let mut latencies = example().latencies;
        latencies[0].histogram.reset();
        assert!(render(&latencies).is_none());
    }

    #[test]
    fn a_single_value_is_a_plot_too() {
        let mut latencies = example().latencies;
        latencies[0].histogram.reset();
        latencies[0].histogram.saturating_record(1_000_000);
        assert!(!render(&latencies).unwrap().contains("NaN"));
    }
}

//! What a run found, and the forms in which it is told.
//!
//! **Architecture Invariants:** every form is made from the same [`Report`], so none knows more than another. Whether the
//! run found something wrong is decided in one place, [`Report::is_sound`].

mod escape;
mod html;
mod json;
mod plot;
mod text;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use hdrhistogram::Histogram;

use crate::checker::violation::Tally;
use crate::failure::Failure;

pub(crate) use text::summary;

/// A number that a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Its name in JSON; ends in its unit.
    pub(crate) name: Cow<'static, str>,
    /// Its name for people.
    pub(crate) label: Cow<'static, str>,
    pub(crate) value: Value,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// Things that are counted.
    Count(u64),
    /// What is measured.
    Real(f64),
}

/// How long something took, over a whole run, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    /// Its name for people.
    pub(crate) label: &'static str,
    pub(crate) histogram: Histogram<u64>,
}

/// The quantiles that are told, and their names.
pub(crate) const QUANTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
];

/// All that a run found.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) scenario: &'static str,
    /// When it began, in milliseconds since the Unix epoch.
    pub(crate) started: u64,
    /// How long the measurement took, in seconds.
    pub(crate) seconds: f64,
    /// What it was run with.
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) latencies: Vec<Latency>,
    /// By how much each counter of the server's metrics grew.
    pub(crate) counters: Vec<(String, f64)>,
    /// Broken promises of the protocol, if they were looked for.
    pub(crate) violations: Option<Tally>,
    /// What else was wrong.
    pub(crate) problems: Vec<String>,
    /// What the reader should know about the figures.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(scenario: &'static str, started: u64, settings: Vec<(&'static str, String)>) -> Self {
        Self {
            scenario,
            started,
            seconds: 0.0,
            settings,
            figures: Vec::new(),
            latencies: Vec::new(),
            counters: Vec::new(),
            violations: None,
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether nothing wrong was found.
    pub(crate) fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.violations.as_ref().is_none_or(|tally| tally.total() == 0)
    }

    /// Adds something that was counted.
    pub(crate) fn count(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        value: u64,
    ) {
        self.figures.push(Figure {
            name: name.into(),
            label: label.into(),
            value: Value::Count(value),
        });
    }

    /// Adds something that was measured, unless it is no number: a rate over no time, say.
    pub(crate) fn real(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        value: f64,
    ) {
        if value.is_finite() {
            self.figures.push(Figure {
                name: name.into(),
                label: label.into(),
                value: Value::Real(value),
            });
        }
    }

    /// Adds latencies.
    pub(crate) fn latency(&mut self, name: &'static str, label: &'static str, histogram: Histogram<u64>) {
        self.latencies.push(Latency {
            name,
            label,
            histogram,
        });
    }

    /// Writes the forms that were asked for.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn write(&self, json: Option<&Path>, html: Option<&Path>) -> Result<(), Failure> {
        let write = |path: &Path, text: String| {
            fs::write(path, text).map_err(|error| Failure::Output {
                path: path.to_owned(),
                why: error.to_string(),
            })
        };
        if let Some(path) = json {
            write(path, json::render(self))?;
        }
        if let Some(path) = html {
            write(path, html::render(self))?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) fn example() -> Report {
    use crate::checker::violation::{Rule, Violation};

    let mut report = Report::new(
        "relay",
        1_700_000_000_000,
        vec![("url", "<b>&\"'</b>".to_owned())],
    );
    report.seconds = 10.0;
    report.count("messages", "messages", 1_234_567);
    report.real("server_cpu_us_per_message", "server CPU per message, µs", 6.25);
    let mut histogram = crate::recorder::histogram();
    for micros in 1..=10_000_u64 {
        histogram.saturating_record(micros * 1000);
    }
    report.latency("message", "message", histogram);
    report.counters = vec![("passerby_messages_total{outcome=\"relayed\"}".to_owned(), 12.0)];
    let mut tally = Tally::default();
    tally.add(Violation {
        rule: Rule::Order,
        what: "seat 1 <script>alert(1)</script>".to_owned(),
    });
    report.violations = Some(tally);
    report.problems = vec!["<img src=x onerror=alert(2)>".to_owned()];
    report.notes = vec!["a \u{0} note".to_owned()];
    report
}

//! The summary for people at a terminal.
//!
//! **Architecture Invariants:** at most one screen or two: of many violations the first are told, all are counted.

use std::fmt::Write;

use crate::clock::Nanos;
use crate::report::{QUANTILES, Report, Value};

/// Width of the names.
const WIDTH: usize = 44;

/// The whole summary, with a line end at its end.
pub(crate) fn summary(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "passerby-load {}, {:.1} s", report.scenario, report.seconds)?;
    for (name, value) in &report.settings {
        writeln!(out, "  {name:WIDTH$} {value}")?;
    }
    writeln!(out)?;
    for figure in &report.figures {
        writeln!(out, "  {:WIDTH$} {:>14}", figure.label, number(figure.value))?;
    }
    if !report.latencies.is_empty() {
        writeln!(out)?;
        write!(out, "  {:WIDTH$} {:>10} {:>9}", "latency", "count", "mean")?;
        for (name, _) in QUANTILES {
            write!(out, " {name:>9}")?;
        }
        writeln!(out, " {:>9}", "max")?;
    }
    for latency in &report.latencies {
        let histogram = &latency.histogram;
        write!(
            out,
            "  {:WIDTH$} {:>10}",
            latency.label,
            thousands(histogram.len())
        )?;
        if histogram.is_empty() {
            writeln!(out)?;
            continue;
        }
        write!(out, " {:>9}", span(mean(histogram.mean())))?;
        for (_, quantile) in QUANTILES {
            write!(out, " {:>9}", span(histogram.value_at_quantile(quantile)))?;
        }
        writeln!(out, " {:>9}", span(histogram.max()))?;
    }
    if !report.counters.is_empty() {
        writeln!(out, "\n  counters of the server that grew")?;
    }
    for (name, growth) in &report.counters {
        writeln!(out, "    {name:WIDTH$} {:>12}", number(Value::Real(*growth)))?;
    }
    writeln!(out)?;
    for note in &report.notes {
        writeln!(out, "  note: {note}")?;
    }
    for problem in &report.problems {
        writeln!(out, "  wrong: {problem}")?;
    }
    if let Some(tally) = &report.violations {
        writeln!(out, "  violations of the protocol: {}", thousands(tally.total()))?;
        for (rule, count) in tally.counts() {
            writeln!(out, "    {}, {}: {count}", rule.id(), rule.meaning())?;
        }
        for violation in tally.first() {
            writeln!(out, "    {}: {}", violation.rule.id(), violation.what)?;
        }
    }
    let verdict = if report.is_sound() {
        "all is well"
    } else {
        "something is wrong"
    };
    writeln!(out, "  {verdict}")
}

/// A number as people read it.
pub(super) fn number(value: Value) -> String {
    match value {
        Value::Count(count) => thousands(count),
        Value::Real(real) if real.abs() >= 1000.0 => format!("{real:.0}"),
        Value::Real(real) if real.abs() >= 100.0 => format!("{real:.1}"),
        Value::Real(real) if real.abs() >= 1.0 => format!("{real:.2}"),
        Value::Real(real) => format!("{real:.4}"),
    }
}

/// A count with spaces between the thousands.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A span with three digits and its unit.
#[expect(clippy::cast_precision_loss, reason = "three digits are told")]
pub(super) fn span(nanos: Nanos) -> String {
    let micros = nanos as f64 / 1000.0;
    let (value, unit) = match micros {
        _ if micros < 1000.0 => (micros, "µs"),
        _ if micros < 1_000_000.0 => (micros / 1000.0, "ms"),
        _ => (micros / 1_000_000.0, "s"),
    };
    let digits = match value {
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the mean of spans is a span"
)]
pub(super) fn mean(mean: f64) -> Nanos {
    mean as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1 234 567");
        assert_eq!(span(62_400), "62.4 µs");
        assert_eq!(span(1_500_000), "1.50 ms");
        assert_eq!(span(2_000_000_000), "2.00 s");
        assert_eq!(span(999_950), "1000 µs");
        assert_eq!(number(Value::Real(0.125)), "0.1250");
    }

    #[test]
    fn the_summary_tells_figures_latencies_and_what_is_wrong() {
        let text = summary(&example());
        for part in [
            "1 234 567",
            "6.25",
            "p99.9",
            "5.00 ms",
            "violations of the protocol: 1",
            "S6",
            "seat 1 <script>",
            "something is wrong",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_run_without_problems_says_so() {
        let mut report = example();
        report.problems.clear();
        report.violations = None;
        assert!(summary(&report).contains("all is well"));
    }
}

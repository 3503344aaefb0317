//! The report that can be sent to somebody: one file, nothing from elsewhere.
//!
//! **Architecture Invariants:** no script at all, and a policy in the page that forbids any. Everything that is not a
//! constant or a number is escaped.

use std::fmt::Write;

use crate::report::escape::escape;
use crate::report::text::{mean, number, span, thousands};
use crate::report::{QUANTILES, Report, Value, plot};

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n";

const STYLE: &str = "<style>\n\
    :root { color-scheme: light dark; }\n\
    body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }\n\
    table { border-collapse: collapse; margin: 1rem 0; }\n\
    th, td { padding: .2rem .8rem; border-bottom: 1px solid #8884; text-align: right; }\n\
    th:first-child, td:first-child { text-align: left; }\n\
    .left td, .left th { text-align: left; }\n\
    .scroll { overflow-x: auto; }\n\
    svg { width: 100%; height: auto; }\n\
    .wrong { border-left: 4px solid #d33; padding-left: 1rem; }\n\
    .well { border-left: 4px solid #393; padding-left: 1rem; }\n\
    </style>\n";

/// The whole page.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    let scenario = escape(report.scenario);
    write!(out, "{HEAD}<title>passerby-load {scenario}</title>\n{STYLE}")?;
    writeln!(out, "<h1>passerby-load {scenario}</h1>")?;
    let began = std::time::UNIX_EPOCH + std::time::Duration::from_millis(report.started);
    writeln!(
        out,
        "<p>Began at {}; the measurement took {:.1} s.</p>",
        humantime::format_rfc3339_seconds(began),
        report.seconds
    )?;
    findings(out, report)?;
    writeln!(out, "<h2>Figures</h2>\n<table>")?;
    for figure in &report.figures {
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(&figure.label),
            number(figure.value)
        )?;
    }
    writeln!(out, "</table>")?;
    latencies(out, report)?;
    if !report.counters.is_empty() {
        writeln!(out, "<h2>Counters of the server that grew</h2>\n<table>")?;
        for (name, growth) in &report.counters {
            let growth = number(Value::Real(*growth));
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{growth}</td></tr>",
                escape(name)
            )?;
        }
        writeln!(out, "</table>")?;
    }
    writeln!(out, "<h2>Settings</h2>\n<table class=\"left\">")?;
    for (name, value) in &report.settings {
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(name),
            escape(value)
        )?;
    }
    writeln!(out, "</table>\n</html>")
}

fn findings(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.is_sound() {
        writeln!(out, "<p class=\"well\">All is well.</p>")?;
    } else {
        writeln!(out, "<div class=\"wrong\">\n<p>Something is wrong.</p>\n<ul>")?;
        for problem in &report.problems {
            writeln!(out, "<li>{}</li>", escape(problem))?;
        }
        writeln!(out, "</ul>")?;
        if let Some(tally) = &report.violations {
            writeln!(out, "<table class=\"left\">")?;
            for (rule, count) in tally.counts() {
                writeln!(
                    out,
                    "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                    rule.id(),
                    escape(rule.meaning()),
                    thousands(count)
                )?;
            }
            writeln!(out, "</table>\n<ul>")?;
            for violation in tally.first() {
                writeln!(
                    out,
                    "<li>{}: {}</li>",
                    violation.rule.id(),
                    escape(&violation.what)
                )?;
            }
            writeln!(out, "</ul>")?;
        }
        writeln!(out, "</div>")?;
    }
    for note in &report.notes {
        writeln!(out, "<p>Note: {}</p>", escape(note))?;
    }
    Ok(())
}

fn latencies(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.latencies.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Latencies</h2>")?;
    if let Some(plot) = plot::render(&report.latencies) {
        out.push_str(&plot);
    }
    write!(
        out,
        "<div class=\"scroll\"><table>\n<tr><th>latency</th><th>count</th><th>mean</th>"
    )?;
    for (name, _) in QUANTILES {
        write!(out, "<th>{name}</th>")?;
    }
    writeln!(out, "<th>max</th></tr>")?;
    for latency in &report.latencies {
        let histogram = &latency.histogram;
        write!(
            out,
            "<tr><td>{}</td><td>{}</td>",
            escape(latency.label),
            thousands(histogram.len())
        )?;
        if !histogram.is_empty() {
            write!(out, "<td>{}</td>", span(mean(histogram.mean())))?;
            for (_, quantile) in QUANTILES {
                write!(out, "<td>{}</td>", span(histogram.value_at_quantile(quantile)))?;
            }
            write!(out, "<td>{}</td>", span(histogram.max()))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table></div>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let page = render(&example());
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<img"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
        assert!(!page.contains('\0'), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(
            page.contains("passerby_messages_total{outcome=&quot;relayed&quot;}"),
            "{page}"
        );
    }

    #[test]
    fn the_page_has_table_plot_and_verdict_and_needs_nothing_else() {
        let page = render(&example());
        for part in [
            "<svg ",
            "</svg>",
            "<th>p99.9</th>",
            "1 234 567",
            "2023-11-14T22:13:20Z",
            "Something is wrong.",
        ] {
            assert!(page.contains(part), "{part}");
        }
        for link in ["src=", "href=", "url("] {
            assert!(!page.replace("src=x", "").contains(link), "{link}");
        }
        let mut sound = example();
        sound.problems.clear();
        sound.violations = None;
        assert!(render(&sound).contains("All is well."));
    }
}

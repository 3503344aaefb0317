//! From the library's text format, which is `OpenMetrics`, to the one that every reader of Prometheus knows.
//!
//! The two differ in what matters here only in the name under which a counter is described: `OpenMetrics` leaves
//! the `_total` off, and older readers then take the series for one of unknown type.

/// The media type of what [`plain`] makes.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The same series in the plain text format, version 0.0.4.
pub(super) fn plain(openmetrics: &str) -> String {
    let mut plain = String::with_capacity(openmetrics.len() + 1_024);
    let mut lines = openmetrics.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            // The type, which decides on the name, stands on the next line.
            let is_counter = lines
                .peek()
                .is_some_and(|next| next.starts_with("# TYPE ") && next.ends_with(" counter"));
            describe(&mut plain, "# HELP ", help, is_counter);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            describe(&mut plain, "# TYPE ", kind, kind.ends_with(" counter"));
        } else if !line.starts_with('#') {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

fn describe(plain: &mut String, keyword: &str, line: &str, is_counter: bool) {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    plain.push_str(keyword);
    plain.push_str(name);
    if is_counter {
        plain.push_str("_total");
    }
    plain.push(' ');
    plain.push_str(rest);
    plain.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_described_by_the_name_it_is_told_under() {
        let openmetrics = "# HELP a Help of a counter.\n# TYPE a counter\na_total{b=\"# x\"} 1\n# EOF\n";
        let expected = "# HELP a_total Help of a counter.\n# TYPE a_total counter\na_total{b=\"# x\"} 1\n";
        assert_eq!(plain(openmetrics), expected);
    }

    #[test]
    fn other_series_stay_as_they_are() {
        let openmetrics = "# HELP g Help.\n# TYPE g gauge\n# UNIT g seconds\ng 1\n";
        assert_eq!(plain(openmetrics), "# HELP g Help.\n# TYPE g gauge\ng 1\n");
    }
}

//! Metrics of a node at one moment.

use std::collections::BTreeMap;

/// Series and their values.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    series: BTreeMap<String, f64>,
}

impl Metrics {
    /// Reads the text format of Prometheus.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self {
            series: series.collect(),
        }
    }

    /// The sum of all series of this name, whatever their labels; 0 when there is none.
    pub fn total(&self, name: &str) -> f64 {
        let named = |series: &str| series.split('{').next() == Some(name);
        self.series
            .iter()
            .filter(|(series, _)| named(series))
            .map(|(_, value)| value)
            .sum()
    }

    /// The one series that is written like this, labels and all.
    pub fn one(&self, series: &str) -> Option<f64> {
        self.series.get(series).copied()
    }

    /// Names and values of all series whose name contains this.
    pub fn about(&self, part: &str) -> Vec<(&str, f64)> {
        let found = self.series.iter().filter(|(series, _)| series.contains(part));
        found.map(|(series, value)| (series.as_str(), *value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_are_added_up() {
        let text = "# HELP a b\na{x=\"1\"} 2\na{x=\"2\"} 3.5\nab 100\n";
        let metrics = Metrics::read(text);
        assert_eq!((metrics.total("a"), metrics.one("a{x=\"1\"}")), (5.5, Some(2.0)));
    }
}

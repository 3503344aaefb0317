//! What the nodes use of the machine: processor time and memory.
//!
//! **Architecture Invariants:** reads what the system or the admin listener tells anyway; the server has nothing for
//! this tool. Without `--pid` and `--metrics` there is nothing to read, and no figure is made up.

mod metrics;
mod process;

use std::collections::BTreeMap;

use crate::failure::Failure;

pub(crate) use metrics::MetricsUrl;
pub(crate) use process::own_cpu_seconds;

/// What all nodes together had used at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Processor time since they started, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Memory that is resident, in bytes.
    pub(crate) resident_bytes: u64,
    /// The counters of Passerby's own metrics, if they are read.
    pub(crate) counters: BTreeMap<String, f64>,
}

impl Sample {
    fn add(&mut self, other: Self) {
        self.cpu_seconds += other.cpu_seconds;
        self.resident_bytes += other.resident_bytes;
        for (name, value) in other.counters {
            *self.counters.entry(name).or_default() += value;
        }
    }

    /// The counters that have grown since an earlier sample, and by how much.
    pub(crate) fn grown_since(&self, before: &Self) -> Vec<(String, f64)> {
        let grown = self.counters.iter().map(|(name, value)| {
            let before = before.counters.get(name).copied().unwrap_or_default();
            (name.clone(), value - before)
        });
        grown.filter(|(_, growth)| *growth > 0.0).collect()
    }
}

/// Knows where to read.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pids: Vec<u32>,
    urls: Vec<MetricsUrl>,
}

impl Meter {
    pub(crate) fn new(pids: Vec<u32>, urls: Vec<MetricsUrl>) -> Self {
        Self { pids, urls }
    }

    /// What all nodes have used by now, or nothing when there is nowhere to read.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) async fn sample(&self) -> Result<Option<Sample>, Failure> {
        if self.pids.is_empty() && self.urls.is_empty() {
            return Ok(None);
        }
        let mut total = Sample::default();
        for pid in &self.pids {
            total.add(process::sample(*pid)?);
        }
        for url in &self.urls {
            total.add(metrics::sample(url).await?);
        }
        Ok(Some(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counters_that_grew_are_told() {
        let sample = |values: [(&str, f64); 2]| Sample {
            counters: values.map(|(name, value)| (name.to_owned(), value)).into(),
            ..Sample::default()
        };
        let before = sample([("passerby_a_total", 3.0), ("passerby_b_total", 1.0)]);
        let after = sample([("passerby_a_total", 5.0), ("passerby_b_total", 1.0)]);
        assert_eq!(after.grown_since(&before), [("passerby_a_total".to_owned(), 2.0)]);
    }

    #[tokio::test]
    async fn without_a_source_there_is_no_sample() {
        assert_eq!(Meter::new(vec![], vec![]).sample().await.unwrap(), None);
    }

    #[tokio::test]
    async fn several_nodes_count_together() {
        let own = std::process::id();
        let one = Meter::new(vec![own], vec![]).sample().await.unwrap().unwrap();
        let two = Meter::new(vec![own, own], vec![])
            .sample()
            .await
            .unwrap()
            .unwrap();
        assert!(one.resident_bytes > 0);
        assert!(two.resident_bytes > one.resident_bytes * 3 / 2);
        assert!(two.cpu_seconds >= one.cpu_seconds);
    }
}

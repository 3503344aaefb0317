//! Series that differ in one label whose values are known from the start, told in a fixed order.

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::Exemplar;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type NoExemplar<'a> = Option<&'a Exemplar<Vec<(String, String)>, u64>>;

/// Writes one counter.
pub(super) fn encode_counter(encoder: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    let none: NoExemplar<'_> = None;
    encoder.encode_counter(&value, none)
}

/// What a counter has come to.
pub(super) trait Count {
    /// Never less than before.
    fn count(&self) -> u64;
}

impl Count for Counter {
    fn count(&self) -> u64 {
        self.get()
    }
}

/// Counters of one name, one for each value of a label.
#[derive(Debug)]
pub(super) struct Labelled<const N: usize, C> {
    label: &'static str,
    values: [&'static str; N],
    counters: [C; N],
}

impl<const N: usize, C: Clone + Default> Labelled<N, C> {
    pub(super) fn new(label: &'static str, values: [&'static str; N]) -> Self {
        Self {
            label,
            values,
            counters: std::array::from_fn(|_| C::default()),
        }
    }

    /// Handles on the counters, in the order of the values.
    pub(super) fn counters(&self) -> [C; N] {
        self.counters.clone()
    }
}

impl<const N: usize, C: Count + fmt::Debug> EncodeMetric for Labelled<N, C> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, counter) in self.values.iter().zip(&self.counters) {
            let labels = [(self.label, *value)];
            encode_counter(&mut encoder.encode_family(&labels)?, counter.count())?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// Gauges of one name, one for each value of a label.
#[derive(Clone, Debug)]
pub(super) struct Gauges<const N: usize> {
    label: &'static str,
    values: [&'static str; N],
    numbers: Arc<[AtomicU64; N]>,
}

impl<const N: usize> Gauges<N> {
    pub(super) fn new(label: &'static str, values: [&'static str; N]) -> Self {
        Self {
            label,
            values,
            numbers: Arc::new(std::array::from_fn(|_| AtomicU64::default())),
        }
    }

    /// Sets them all, in the order of the values.
    pub(super) fn set(&self, numbers: [u64; N]) {
        for (gauge, number) in self.numbers.iter().zip(numbers) {
            gauge.store(number, Ordering::Relaxed);
        }
    }
}

impl<const N: usize> EncodeMetric for Gauges<N> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, gauge) in self.values.iter().zip(self.numbers.iter()) {
            let labels = [(self.label, *value)];
            encoder
                .encode_family(&labels)?
                .encode_gauge(&gauge.load(Ordering::Relaxed))?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// A gauge that is always 1, and says what it has to say in its labels.
#[derive(Debug)]
pub(super) struct Info<const N: usize>([(&'static str, String); N]);

impl<const N: usize> Info<N> {
    pub(super) const fn new(labels: [(&'static str, String); N]) -> Self {
        Self(labels)
    }
}

impl<const N: usize> EncodeMetric for Info<N> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let labels: Vec<(&str, &str)> = self.0.iter().map(|(key, value)| (*key, value.as_str())).collect();
        encoder.encode_family(&labels)?.encode_gauge(&1_u64)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

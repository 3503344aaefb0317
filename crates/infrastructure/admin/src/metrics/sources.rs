//! Series that are counted elsewhere and only read here.
//!
//! **Architecture Invariant:** nothing is kept of what was read.

use super::series::encode_counter;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use std::fmt;

/// The most values of a label that one source tells.
const MAX_VALUES: usize = 64;

type Read<T> = Box<dyn Fn() -> T + Send + Sync>;

/// A counter that is kept elsewhere.
pub(super) struct CounterSource(Read<u64>);

impl CounterSource {
    pub(super) fn new(read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Box::new(read))
    }
}

impl fmt::Debug for CounterSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CounterSource")
    }
}

impl EncodeMetric for CounterSource {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encode_counter(&mut encoder, self.0())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// A gauge that is kept elsewhere.
pub(super) struct GaugeSource(Read<u64>);

impl GaugeSource {
    pub(super) fn new(read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Box::new(read))
    }
}

impl fmt::Debug for GaugeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GaugeSource")
    }
}

impl EncodeMetric for GaugeSource {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.0())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// Counters that are kept elsewhere and differ in one label.
pub(super) struct LabelledSource {
    label: &'static str,
    read: Read<Vec<(&'static str, u64)>>,
}

impl LabelledSource {
    pub(super) fn new(
        label: &'static str,
        read: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) -> Self {
        Self {
            label,
            read: Box::new(read),
        }
    }
}

impl fmt::Debug for LabelledSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabelledSource")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

impl EncodeMetric for LabelledSource {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, count) in (self.read)().into_iter().take(MAX_VALUES) {
            let labels = [(self.label, value)];
            encode_counter(&mut encoder.encode_family(&labels)?, count)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

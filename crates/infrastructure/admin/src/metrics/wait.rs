//! A histogram of waits that is counted without a lock, which the library's own histogram is not.

use passerby_domain::time::Millis;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds in milliseconds. From what "at once" means (50 ms on a node, 250 ms across nodes), over the
/// patiences and the cooldown, to an evening alone.
const BOUNDS: [u64; 14] = [
    5, 10, 25, 50, 100, 250, 1_000, 2_500, 8_000, 15_000, 30_000, 60_000, 300_000, 1_800_000,
];

/// A clone is another handle on the same histogram.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitHistogram(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    within: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl WaitHistogram {
    /// Counts one wait. Neither waits nor allocates.
    pub(super) fn observe(&self, wait: Millis) {
        let place = BOUNDS.partition_point(|&bound| bound < wait.get());
        let bucket = self.0.within.get(place).unwrap_or(&self.0.beyond);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.0.sum.fetch_add(wait.get(), Ordering::Relaxed);
    }
}

impl EncodeMetric for WaitHistogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let mut buckets: Vec<(f64, u64)> = BOUNDS
            .iter()
            .zip(&self.0.within)
            .map(|(&bound, count)| (seconds(bound), count.load(Ordering::Relaxed)))
            .collect();
        buckets.push((f64::INFINITY, self.0.beyond.load(Ordering::Relaxed)));
        // The count is that of the buckets as they were just read, so that the two never contradict each other.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(self.0.sum.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[allow(clippy::cast_precision_loss, reason = "a sum is exact up to 285,000 years")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

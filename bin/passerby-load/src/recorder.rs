//! Latencies of many users, in a few histograms.
//!
//! **Architecture Invariants:** recording never waits long and never allocates: a histogram has its full size from the
//! start, some 300 KiB, and there is one for each thread, not for each user.

use std::sync::{Mutex, PoisonError};

use hdrhistogram::Histogram;

use crate::clock::Nanos;

/// The smallest span that is told apart, in nanoseconds.
const LOWEST: u64 = 100;
/// The longest span that is told apart: an hour. Longer ones count as this.
const HIGHEST: u64 = 3_600_000_000_000;
/// Digits that are kept of every span.
const DIGITS: u8 = 3;
/// More would only take room.
const MAX_SHARDS: usize = 16;

/// Takes spans from many threads.
#[derive(Debug)]
pub(crate) struct Recorder {
    shards: Vec<Mutex<Histogram<u64>>>,
}

impl Recorder {
    /// For this many threads.
    pub(crate) fn new(threads: usize) -> Self {
        let shards = threads.clamp(1, MAX_SHARDS);
        Self {
            shards: (0..shards).map(|_| Mutex::new(histogram())).collect(),
        }
    }

    /// Takes the span that this user waited for something.
    pub(crate) fn record(&self, user: usize, span: Nanos) {
        let shard = &self.shards[user % self.shards.len()];
        let mut histogram = shard.lock().unwrap_or_else(PoisonError::into_inner);
        histogram.saturating_record(span);
    }

    /// All that was taken so far.
    pub(crate) fn total(&self) -> Histogram<u64> {
        let mut total = histogram();
        for shard in &self.shards {
            // Equal bounds, so nothing can be out of them.
            let _ = total.add(&*shard.lock().unwrap_or_else(PoisonError::into_inner));
        }
        total
    }
}

/// An empty histogram with the bounds of all.
#[expect(clippy::expect_used, reason = "the bounds are constants, and right")]
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LOWEST, HIGHEST, DIGITS).expect("LOWEST is below HIGHEST, DIGITS at most 5")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_all_users_are_in_the_total() {
        let recorder = Recorder::new(4);
        for user in 0..1000_u32 {
            recorder.record(user as usize, u64::from(user + 1) * 1_000_000);
        }
        let total = recorder.total();
        assert_eq!(total.len(), 1000);
        // Three digits are kept.
        let median = total.value_at_quantile(0.5);
        assert!((499_000_000..=501_000_000).contains(&median), "{median}");
        let p99 = total.value_at_quantile(0.99);
        assert!((989_000_000..=991_000_000).contains(&p99), "{p99}");
    }

    #[test]
    fn a_span_beyond_all_bounds_counts_as_the_longest() {
        let recorder = Recorder::new(1);
        recorder.record(0, u64::MAX);
        assert_eq!(recorder.total().len(), 1);
        assert!(recorder.total().max() >= HIGHEST);
    }
}

//! How often each of many may do something.
//!
//! **Architecture Invariant:** only those are remembered who did it lately, and no more of them than there is room for; the
//! rest are let through. So nobody pays for it who does not do it.

use crate::fading::Fading;
use passerby_domain::flood::{Exhausted, Rate, TokenBucket};
use passerby_domain::time::{Millis, Moment};
use std::hash::Hash;

/// One bucket for each who did something lately.
pub(crate) struct Throttle<K> {
    rate: Option<Rate>,
    buckets: Fading<K, TokenBucket>,
}

impl<K: Eq + Hash> Throttle<K> {
    /// One of this rate; none is no limit.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let span = rate.map_or(Millis::ZERO, |rate| rate.refill());
        Self {
            rate,
            buckets: Fading::new(span),
        }
    }

    /// `who` does it once more.
    ///
    /// # Errors
    /// [`Exhausted`]: too often.
    pub(crate) fn take(&self, who: K, now: Moment) -> Result<(), Exhausted> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        self.buckets
            .change(who, now, |bucket| bucket.take(Some(rate), now))
    }

    /// Forgets those who did nothing for a while.
    pub(crate) fn forget(&self, now: Moment) {
        self.buckets.forget(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_their_own_which_fills_again() {
        let throttle = Throttle::new(Rate::per_second(1, 2));
        let now = Moment::from_millis(10_000);
        assert!(throttle.take('a', now).is_ok() && throttle.take('a', now).is_ok());
        let refused = throttle.take('a', now).unwrap_err();
        assert_eq!(refused.retry_after, Millis::from_secs(1));
        assert!(throttle.take('b', now).is_ok());
        let later = now + refused.retry_after;
        throttle.forget(later);
        assert!(throttle.take('a', later).is_ok() && throttle.take('a', later).is_err());
    }
}

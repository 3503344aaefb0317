//! How often an origin tried to connect within the last minute.
//!
//! **Architecture Invariant:** the size does not depend on how often it tries.

use passerby_domain::time::{Millis, Moment};

const STEPS: usize = 12;
const STEP_MILLIS: u64 = 5_000;

/// The attempts of the last minute, counted in steps of five seconds.
///
/// The steps begin with the first attempt, and none is forgotten before a minute is over since the beginning
/// of its step.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// When the present step began.
    began: Moment,
    /// How many there were in the present step, and in those before it, newest first.
    counts: [u32; STEPS],
}

impl Attempts {
    /// Counts an attempt, and says whether it is one of the first `limit` within a minute.
    ///
    /// # Errors
    /// How long to wait until another attempt would be, if there is none before.
    pub(super) fn count(&mut self, limit: u32, now: Moment) -> Result<(), Millis> {
        self.advance(now);
        self.counts[0] = self.counts[0].saturating_add(1);
        if self.newest(STEPS) <= u64::from(limit) {
            return Ok(());
        }
        // When `steps` more are over, only the newest of today's counts still matter.
        let steps = (1..STEPS)
            .find(|steps| self.newest(STEPS - steps) < u64::from(limit))
            .unwrap_or(STEPS);
        Err((self.began + Millis::new(STEP_MILLIS * steps as u64)).since(now))
    }

    /// Whether all of it is more than a minute old.
    pub(super) fn are_over(&self, now: Moment) -> bool {
        self.newest(STEPS) == 0 || self.steps_since(now) >= STEPS as u64
    }

    fn newest(&self, steps: usize) -> u64 {
        self.counts
            .iter()
            .take(steps)
            .map(|&count| u64::from(count))
            .sum()
    }

    fn steps_since(&self, now: Moment) -> u64 {
        now.since(self.began).get() / STEP_MILLIS
    }

    fn advance(&mut self, now: Moment) {
        if self.are_over(now) {
            *self = Self {
                began: now,
                counts: [0; STEPS],
            };
            return;
        }
        for _ in 0..self.steps_since(now) {
            self.counts.rotate_right(1);
            self.counts[0] = 0;
            self.began += Millis::new(STEP_MILLIS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn the_attempt_after_the_last_allowed_one_is_refused_until_the_first_is_a_minute_old() {
        let mut attempts = Attempts::default();
        for second in 0..60 {
            assert_eq!(attempts.count(60, at(7 + second * 900)), Ok(()));
        }
        assert_eq!(attempts.count(60, at(54_007)), Err(Millis::new(6_000)));
        assert_eq!(attempts.count(60, at(60_007)), Ok(()));
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_let_in() {
        let mut attempts = Attempts::default();
        let mut now = at(123);
        for _ in 0..500 {
            now = match attempts.count(3, now) {
                Ok(()) => now + Millis::new(700),
                Err(wait) => {
                    assert!(wait > Millis::ZERO && wait <= Millis::from_secs(60));
                    now += wait;
                    assert_eq!(attempts.count(3, now), Ok(()));
                    now
                }
            };
        }
    }

    #[test]
    fn whoever_never_stops_trying_is_never_let_in_again() {
        let mut attempts = Attempts::default();
        let admitted = (0..1_000)
            .filter(|second| attempts.count(5, at(second * 1_000)).is_ok())
            .count();
        assert_eq!(admitted, 5);
    }

    #[test]
    fn a_minute_after_the_last_attempt_nothing_is_left() {
        let mut attempts = Attempts::default();
        assert!(attempts.are_over(at(0)));
        attempts.count(1, at(1_000)).unwrap();
        assert!(!attempts.are_over(at(60_999)));
        assert!(attempts.are_over(at(61_000)));
    }
}

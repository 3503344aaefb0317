//! How often something may be done: limits on the rate of commands, connections and attempts.
//!
//! The measure is the generic cell rate algorithm of ITU-T I.371 (the leaky bucket used as a meter): instead
//! of a number of tokens and the time of the last refill, a bucket is one point in time, the one at which it
//! would be full again. So it takes 8 bytes, a full one is all zeros, and nothing ever has to refill it.
//!
//! **Architecture Invariants.** A bucket knows neither its rate nor the clock; both come in with each
//! question, so that a changed setting holds at once and a bucket costs nothing while nobody asks.

use crate::time::{Millis, Moment};

/// How often something may be done: so many at once, and then one each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds until one more token is there. Rounded up, so that a limit is never exceeded.
    period: u64,
    /// Microseconds by which a bucket may be ahead of time and still give a token: all periods of a burst but one.
    tolerance: u64,
}

impl Rate {
    /// `count` each second, and `burst` at once from a full bucket (at least one).
    ///
    /// Counts above a million are taken for a million. `None`, which is no limit, if `count` is 0.
    pub fn per_second(count: u32, burst: u32) -> Option<Self> {
        Self::over(1_000_000, count, burst)
    }

    /// `count` each minute, and `burst` at once from a full bucket (at least one).
    ///
    /// `None`, which is no limit, if `count` is 0.
    pub fn per_minute(count: u32, burst: u32) -> Option<Self> {
        Self::over(60_000_000, count, burst)
    }

    /// How long it takes at most until a bucket of this rate is full again.
    #[must_use]
    pub const fn refill(&self) -> Millis {
        Millis::new((self.tolerance + self.period).div_ceil(1_000))
    }

    fn over(micros: u64, count: u32, burst: u32) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let period = micros.div_ceil(u64::from(count));
        // The product stays below 2^58: the longest period is a minute.
        Some(Self {
            period,
            tolerance: period * u64::from(burst.saturating_sub(1)),
        })
    }
}

/// A bucket has no token left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too often")]
pub struct Exhausted {
    /// How long until a token is there. Never zero.
    pub retry_after: Millis,
}

/// What one user or origin has used up of a limit. The default is full.
///
/// A rate of `None` is no limit: it always has room, and what is done under it is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenBucket(
    /// The microsecond of the clock at which the bucket would be full again, if nothing more were taken.
    u64,
);

impl TokenBucket {
    /// The bucket that would be full at this microsecond of the clock, to be read from another node's letter.
    pub const fn full_at_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The microsecond of the clock at which it would be full, to be written to another node.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Takes a token.
    ///
    /// # Errors
    /// [`Exhausted`] if there is none; the bucket is then as before.
    pub fn take(&mut self, rate: Option<&Rate>, now: Moment) -> Result<(), Exhausted> {
        self.has_room(rate, now)?;
        if let Some(rate) = rate {
            self.0 = self.full_at(now).saturating_add(rate.period);
        }
        Ok(())
    }

    /// Looks whether there is a token, and leaves it there.
    ///
    /// # Errors
    /// [`Exhausted`] if there is none.
    pub fn has_room(self, rate: Option<&Rate>, now: Moment) -> Result<(), Exhausted> {
        let Some(rate) = rate else { return Ok(()) };
        let wait = self.0.saturating_sub(micros(now).saturating_add(rate.tolerance));
        if wait == 0 {
            return Ok(());
        }
        Err(Exhausted {
            retry_after: Millis::new(wait.div_ceil(1_000)),
        })
    }

    /// Takes a token even when there is none, for what is counted but never refused.
    ///
    /// The debt is at most one token, however often this is done: two periods later a token is there again.
    pub fn force_take(&mut self, rate: Option<&Rate>, now: Moment) {
        let Some(rate) = rate else { return };
        let most = micros(now)
            .saturating_add(rate.tolerance)
            .saturating_add(2 * rate.period);
        // A bucket that is further ahead of time than that stays there: nothing taken by force pays it back.
        self.0 = self
            .full_at(now)
            .saturating_add(rate.period)
            .min(most.max(self.0));
    }

    fn full_at(self, now: Moment) -> u64 {
        self.0.max(micros(now))
    }
}

fn micros(now: Moment) -> u64 {
    now.as_millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests;

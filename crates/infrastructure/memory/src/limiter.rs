//! Limits per origin, counted in this process.
//!
//! An origin counts by itself and, for IPv6, as a part of its /56 and its /48, which have ceilings of their
//! own.
//!
//! **Architecture Invariants.** Nothing is counted that has no limit. An origin is remembered only while it
//! has a seat or its last attempt is less than a minute old, and at most [`OriginLimiter::CAPACITY`] are:
//! beyond it unknown origins are turned away. No two locks are held at once.

mod attempts;
mod shard;

use passerby_application::ports::{Clock, RateLimiter, TurnedAway};
use passerby_domain::id::{Origin, Origins};
use passerby_domain::time::Millis;
use shard::Shard;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one origin may do; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OriginLimits {
    /// How many seats it may have at once.
    pub connections: Option<NonZeroU32>,
    /// How often it may try to connect within a minute.
    pub attempts_per_minute: Option<NonZeroU32>,
}

impl OriginLimits {
    fn are_off(self) -> bool {
        self.connections.is_none() && self.attempts_per_minute.is_none()
    }

    /// The limits of a network that is `factor` times as wide.
    fn times(self, factor: u32) -> Ceiling {
        let times = |limit: NonZeroU32| limit.get().saturating_mul(factor);
        Ceiling {
            seats: self.connections.map(times),
            attempts: self.attempts_per_minute.map(times),
        }
    }
}

/// The most that one origin, or one network around it, may have.
#[derive(Clone, Copy, Debug)]
struct Ceiling {
    seats: Option<u32>,
    attempts: Option<u32>,
}

/// Counts the seats and attempts of each origin.
pub struct OriginLimiter<C> {
    limits: OriginLimits,
    clock: Arc<C>,
    counts: Arc<Counts>,
}

impl<C> OriginLimiter<C> {
    /// The most origins and networks that are remembered.
    pub const CAPACITY: usize = SHARDS * Shard::CAPACITY;
}

impl<C: Clock> OriginLimiter<C> {
    /// A limiter that has counted nothing yet.
    pub fn new(limits: OriginLimits, clock: Arc<C>) -> Self {
        Self {
            limits,
            clock,
            counts: Arc::default(),
        }
    }

    /// Holds nothing yet, and has room for all that `origins` may take.
    fn hold_nothing(&self, origins: &Origins) -> HeldSeats {
        HeldSeats {
            counts: Arc::clone(&self.counts),
            origins: Vec::with_capacity(if origins.wider.is_some() { 3 } else { 1 }),
        }
    }

    fn admit_now(&self, origins: &Origins) -> Result<Permit, Millis> {
        if self.limits.are_off() {
            return Ok(Permit { _seats: None });
        }
        let now = self.clock.now();
        let mut held = self.hold_nothing(origins);
        // Whoever is turned away for their own sake does not count in the networks around them, so that
        // nobody can use up the ceiling of their neighbours. Seats taken before a refusal are given back with
        // `held`.
        for (origin, factor) in circles(origins) {
            let Some(origin) = origin else { continue };
            let ceiling = self.limits.times(factor);
            self.counts.shard(origin).admit(origin, ceiling, now)?;
            held.origins.extend(ceiling.seats.map(|_| origin));
        }
        Ok(Permit {
            _seats: self.limits.connections.map(|_| held),
        })
    }
}

impl<C> fmt::Debug for OriginLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginLimiter")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<C: Clock> RateLimiter for OriginLimiter<C> {
    type Permit = Permit;

    async fn admit(&self, origins: &Origins) -> Result<Permit, TurnedAway> {
        self.admit_now(origins)
            .map_err(|retry_after| TurnedAway::TooMany { retry_after })
    }

    fn hold(&self, origins: &Origins) -> Permit {
        if self.limits.connections.is_none() {
            return Permit { _seats: None };
        }
        let mut held = self.hold_nothing(origins);
        for (origin, _) in circles(origins) {
            let Some(origin) = origin else { continue };
            if self.counts.shard(origin).hold(origin, self.clock.now()) {
                held.origins.push(origin);
            }
        }
        Permit { _seats: Some(held) }
    }
}

/// A seat that is counted, until this is dropped.
#[derive(Debug)]
pub struct Permit {
    _seats: Option<HeldSeats>,
}

/// The counts that hold one seat.
#[derive(Debug)]
struct HeldSeats {
    counts: Arc<Counts>,
    origins: Vec<Origin>,
}

impl Drop for HeldSeats {
    fn drop(&mut self) {
        for &origin in &self.origins {
            self.counts.shard(origin).give_back(origin);
        }
    }
}

const SHARDS: usize = 64;

/// All counts, in parts that are locked one at a time.
#[derive(Debug)]
struct Counts {
    shards: [Mutex<Shard>; SHARDS],
}

impl Counts {
    fn shard(&self, origin: Origin) -> MutexGuard<'_, Shard> {
        // Origins are hashes already. The remainder is below SHARDS, so the shard is always there.
        let index = usize::try_from(origin.bits() % SHARDS as u128).unwrap_or_default();
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

/// The origin and the networks around it, from narrow to wide, each with how much more it may have: 4 times
/// for a /56, 16 times for a /48.
fn circles(origins: &Origins) -> [(Option<Origin>, u32); 3] {
    let site = origins.wider.map(|wider| wider.site);
    let network = origins.wider.map(|wider| wider.network);
    [(Some(origins.exact), 1), (site, 4), (network, 16)]
}

#[cfg(test)]
mod tests;

//! Endings: seats of this node that are gone, for a little while after.
//!
//! Another node may be given a seat by the store just before that hears of its end. Its former owner says so when it is asked
//! for it; without this the other would take it for one that does not answer, and bring the seat back to life.
//!
//! **Architecture Invariant:** what is forgotten too early is a seat that comes back with a `gap`.

use crate::fading::Fading;
use passerby_domain::id::UserId;
use passerby_domain::time::{Millis, Moment};

/// For how long an ending is remembered at least: longer than a new owner asks.
const SPAN: Millis = Millis::from_secs(5);

/// All endings that are remembered.
pub(crate) struct Endings(Fading<UserId, ()>);

impl Default for Endings {
    fn default() -> Self {
        Self(Fading::new(SPAN))
    }
}

impl Endings {
    /// A seat is gone for ever.
    pub(crate) fn note(&self, seat: UserId, now: Moment) {
        self.0.note(seat, (), now);
    }

    /// Whether a seat ended here a little while ago.
    pub(crate) fn knows(&self, seat: UserId) -> bool {
        self.0.get(&seat).is_some()
    }

    /// Forgets what is old.
    pub(crate) fn forget(&self, now: Moment) {
        self.0.forget(now);
    }
}

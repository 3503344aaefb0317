//! A clock that is set by hand.

use passerby_application::ports::Clock;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that stands still until it is told that time has passed. It begins a day after its origin, so that a case
/// can speak of the past.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// What the time of day is at the clock's origin.
    pub const UNIX_AT_ORIGIN: u64 = 1_800_000_000_000;

    /// Lets `span` pass.
    pub fn pass(&self, span: Millis) {
        self.0.fetch_add(span.get(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicU64::new(86_400_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        UnixMillis(Self::UNIX_AT_ORIGIN + moment.as_millis())
    }
}

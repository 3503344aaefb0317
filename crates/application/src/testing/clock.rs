//! A clock that is set by hand.

use crate::ports::Clock;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that stands still until it is told otherwise. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// The time of day at [`Moment::ORIGIN`].
    pub const EPOCH: UnixMillis = UnixMillis(1_700_000_000_000);

    /// A clock that shows `moment`.
    pub fn at(moment: Moment) -> Self {
        Self(Arc::new(AtomicU64::new(moment.as_millis())))
    }

    /// Lets `span` pass.
    pub fn advance(&self, span: Millis) {
        self.0.fetch_add(span.get(), Ordering::SeqCst);
    }

    /// Makes it `moment`. Setting a clock back breaks its contract, so an earlier moment changes nothing.
    pub fn set(&self, moment: Moment) {
        self.0.fetch_max(moment.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        UnixMillis(Self::EPOCH.0 + moment.as_millis())
    }
}

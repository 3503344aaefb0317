//! Time of a run: nanoseconds since its beginning.
//!
//! **Architecture Invariants:** the one place of this program that reads the clock. The clock never goes back, so
//! differences are never negative.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment of the run, in nanoseconds since its beginning.
pub(crate) type Nanos = u64;

/// Nanoseconds in a second.
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// Counts from the moment it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    beginning: Instant,
}

impl Clock {
    /// Begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the load tool reads the clock"
    )]
    pub(crate) fn start() -> Self {
        Self {
            beginning: Instant::now(),
        }
    }

    /// How long ago the beginning was.
    pub(crate) fn now(&self) -> Nanos {
        nanos(self.beginning.elapsed())
    }

    /// That moment, as tokio's timers want it.
    pub(crate) fn instant(&self, at: Nanos) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.beginning + Duration::from_nanos(at))
    }
}

/// A span in nanoseconds; half a thousand years at most.
pub(crate) fn nanos(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// A span in seconds, for people.
#[expect(clippy::cast_precision_loss, reason = "figures for people have a few digits")]
pub(crate) fn seconds(span: Nanos) -> f64 {
    span as f64 / SECOND as f64
}

/// Milliseconds since the Unix epoch, to say when a run was.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the load tool reads the clock"
)]
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

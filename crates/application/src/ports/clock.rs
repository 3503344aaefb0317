//! The clock.

use passerby_domain::time::{Moment, UnixMillis};

/// What time it is.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait Clock: Send + Sync + 'static {
    /// The present, in monotonic time. Never goes back, whatever happens to the wall clock.
    fn now(&self) -> Moment;

    /// `moment` as a time of day. The same moment gives the same answer unless the wall clock was set meanwhile.
    fn unix(&self, moment: Moment) -> UnixMillis;
}

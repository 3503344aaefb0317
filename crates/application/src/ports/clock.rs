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

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        (**self).unix(moment)
    }
}

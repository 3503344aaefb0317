//! What every suite asks of an adapter: that it can be made ready for a case, and that time can pass.

mod block_on;
mod chance;

pub use block_on::block_on;
pub(crate) use block_on::side_by_side;
pub(crate) use chance::Chance;

use passerby_application::testing::ManualClock;
use passerby_domain::time::{Millis, Moment};
use std::future::Future;

/// A clock that is set by hand, and begins late enough for a case to speak of the past.
pub fn manual_clock() -> ManualClock {
    ManualClock::at(Moment::ORIGIN + Millis::from_secs(86_400))
}

/// An adapter that was made ready for one case, and whatever it needs for as long as the case lasts.
///
/// Dropping it cleans up.
pub trait Setup: Sized + Send + Sync + 'static {
    /// The adapter.
    type Port: Send + Sync;

    /// The adapter.
    fn port(&self) -> &Self::Port;

    /// Runs a case to its end. An adapter whose futures need a runtime runs it there.
    ///
    /// It is also called from threads that a case starts.
    fn run<F: Future>(case: F) -> F::Output {
        block_on(case)
    }
}

/// An adapter whose time the suite may let pass.
pub trait Timed: Setup {
    /// The present, as the adapter sees it: at least two hours after the origin, since cases speak of the
    /// past.
    fn now(&self) -> Moment;

    /// Lets time pass: sets the adapter's clock, or waits.
    fn pass(&self, span: Millis) -> impl Future<Output = ()> + Send;
}

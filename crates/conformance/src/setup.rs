//! What every suite asks of an adapter: that it can be made ready for a case, and that time can pass.

mod block_on;
mod chance;
mod manual_clock;

pub use block_on::block_on;
pub(crate) use block_on::side_by_side;
pub(crate) use chance::Chance;
pub use manual_clock::ManualClock;

use passerby_domain::time::{Millis, Moment};
use std::future::Future;

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
    /// The present, as the adapter sees it.
    fn now(&self) -> Moment;

    /// Lets time pass: sets the adapter's clock, or waits.
    fn pass(&self, span: Millis) -> impl Future<Output = ()> + Send;
}

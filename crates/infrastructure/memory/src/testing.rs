//! What the tests of this crate share: a clock that is set by hand, and a way to run a future that never waits.

use passerby_application::ports::Clock;
use passerby_domain::time::{Moment, UnixMillis};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn at(millis: u64) -> Self {
        Self(AtomicU64::new(millis))
    }

    pub(crate) fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        UnixMillis(moment.as_millis())
    }
}

/// The answer of a future that has it at once.
pub(crate) fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the adapter waits"),
    }
}

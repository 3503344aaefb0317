//! Stand-ins for tests: mocks of every port, a clock that is set by hand, ids that count.

pub use crate::ports::{
    MockBans, MockClock, MockDelivery, MockIdentity, MockObserver, MockPairingStore, MockRateLimiter,
    MockReports, MockTextScreen,
};

/// A connection that is never looked at.
#[derive(Debug, Default)]
pub struct NoWire;

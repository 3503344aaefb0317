//! The suite of `limiter`.

use passerby_application::ports::Clock as _;
use passerby_application::testing::ManualClock;
use passerby_conformance::limiter::{LimiterSetup, Limits};
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::time::{Millis, Moment};
use passerby_memory::{OriginLimiter, OriginLimits};
use std::num::NonZeroU32;
use std::sync::Arc;

struct Limiter {
    clock: Arc<ManualClock>,
    limiter: OriginLimiter<ManualClock>,
}

impl Setup for Limiter {
    type Port = OriginLimiter<ManualClock>;

    fn port(&self) -> &Self::Port {
        &self.limiter
    }
}

impl Timed for Limiter {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    async fn pass(&self, span: Millis) {
        self.clock.advance(span);
    }
}

impl LimiterSetup for Limiter {
    async fn open(limits: Limits) -> Self {
        let clock = Arc::new(manual_clock());
        let limits = OriginLimits {
            connections: NonZeroU32::new(limits.connections),
            attempts_per_minute: NonZeroU32::new(limits.attempts_per_minute),
        };
        Self {
            limiter: OriginLimiter::new(limits, Arc::clone(&clock)),
            clock,
        }
    }
}

passerby_conformance::rate_limiter_conformance!(Limiter);

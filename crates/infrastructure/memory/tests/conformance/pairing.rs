//! The suite of `pairing`.

use passerby_application::ports::{Clock as _, PairingRules};
use passerby_application::testing::ManualClock;
use passerby_conformance::pairing::PairingSetup;
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::time::{Millis, Moment};
use passerby_memory::MemoryPairing;
use std::sync::Arc;

struct Pairing {
    clock: Arc<ManualClock>,
    store: MemoryPairing<ManualClock>,
}

impl Setup for Pairing {
    type Port = MemoryPairing<ManualClock>;

    fn port(&self) -> &Self::Port {
        &self.store
    }
}

impl Timed for Pairing {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    async fn pass(&self, span: Millis) {
        self.clock.advance(span);
    }
}

impl PairingSetup for Pairing {
    async fn open(rules: PairingRules) -> Self {
        let clock = Arc::new(manual_clock());
        Self {
            store: MemoryPairing::new(rules, Arc::clone(&clock)),
            clock,
        }
    }
}

passerby_conformance::pairing_store_conformance!(Pairing);

//! The suite of `delivery`.

use passerby_application::testing::ManualClock;
use passerby_conformance::Setup;
use passerby_conformance::delivery::{DeliverySetup, Limits, Script, TapeWire};
use passerby_memory::hub::{Hub, OutboxLimits};

struct Local(Hub<TapeWire, ManualClock>);

impl Setup for Local {
    type Port = Hub<TapeWire, ManualClock>;

    fn port(&self) -> &Self::Port {
        &self.0
    }
}

impl DeliverySetup for Local {
    fn open(limits: Limits, clock: ManualClock) -> Self {
        let Limits {
            events,
            bytes,
            retention,
        } = limits;
        Self(Hub::new(
            OutboxLimits {
                events,
                bytes,
                retention,
            },
            Script,
            clock,
        ))
    }
}

passerby_conformance::delivery_conformance!(Local);

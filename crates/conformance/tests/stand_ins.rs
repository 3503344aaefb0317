//! The fakes that tests are written with keep the promises of their ports too.

use passerby_application::ports::{Clock as _, PairingRules};
use passerby_application::testing::{HonestPairing, ListedBans, ListedReports, ManualClock};
use passerby_conformance::bans::BansSetup;
use passerby_conformance::clock::ClockSetup;
use passerby_conformance::pairing::PairingSetup;
use passerby_conformance::pairing::many_nodes::SharedPairingSetup;
use passerby_conformance::reports::ReportsSetup;
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};

mod pairing {
    use super::*;

    struct Honest {
        stores: [HonestPairing; 3],
        clock: ManualClock,
    }

    const LIVES: [u64; 3] = [11, 12, 13];

    impl Setup for Honest {
        type Port = HonestPairing;

        fn port(&self) -> &HonestPairing {
            &self.stores[0]
        }
    }

    impl Timed for Honest {
        fn now(&self) -> Moment {
            self.clock.now()
        }

        async fn pass(&self, span: Millis) {
            self.clock.advance(span);
        }
    }

    impl PairingSetup for Honest {
        async fn open(rules: PairingRules) -> Self {
            let clock = manual_clock();
            let store = HonestPairing::new(rules, clock.clone());
            Self {
                stores: LIVES.map(|life| store.node(Incarnation::from_bits(life))),
                clock,
            }
        }
    }

    impl SharedPairingSetup for Honest {
        fn nodes(&self) -> [&HonestPairing; 3] {
            self.stores.each_ref()
        }

        fn incarnations(&self) -> [Incarnation; 3] {
            LIVES.map(Incarnation::from_bits)
        }

        fn kept(&self) -> Millis {
            Millis::from_secs(24)
        }
    }

    passerby_conformance::pairing_store_conformance!(Honest);
    passerby_conformance::shared_pairing_conformance!(Honest);
}

mod reports {
    use super::*;

    struct Listed(ListedReports);

    impl Setup for Listed {
        type Port = ListedReports;

        fn port(&self) -> &ListedReports {
            &self.0
        }
    }

    impl ReportsSetup for Listed {
        const CAPACITY: usize = ListedReports::CAPACITY;

        async fn open() -> Self {
            Self(ListedReports::default())
        }
    }

    passerby_conformance::reports_conformance!(Listed);
}

mod bans {
    use super::*;

    struct Listed(ListedBans);

    impl Setup for Listed {
        type Port = ListedBans;

        fn port(&self) -> &ListedBans {
            &self.0
        }
    }

    impl BansSetup for Listed {
        async fn open() -> Self {
            Self(ListedBans::default())
        }
    }

    passerby_conformance::bans_conformance!(Listed);
}

mod clock {
    use super::*;

    struct Manual(ManualClock);

    impl Setup for Manual {
        type Port = ManualClock;

        fn port(&self) -> &ManualClock {
            &self.0
        }
    }

    impl ClockSetup for Manual {
        fn open() -> Self {
            Self(manual_clock())
        }
    }

    passerby_conformance::clock_conformance!(Manual);
}

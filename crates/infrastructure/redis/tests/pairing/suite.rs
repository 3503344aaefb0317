//! The suite of `pairing`, on one server and in a cluster.

use crate::stage::{Servers, Way, run};
use passerby_application::ports::{Clock as _, PairingRules};
use passerby_application::testing::ManualClock;
use passerby_conformance::pairing::PairingSetup;
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::time::{Millis, Moment};
use passerby_redis::{RedisPairing, TimeSource};
use std::sync::Arc;

struct Pairing<const CLUSTER: bool> {
    clock: Arc<ManualClock>,
    store: RedisPairing,
    _way: Way,
}

impl<const CLUSTER: bool> Setup for Pairing<CLUSTER> {
    type Port = RedisPairing;

    fn port(&self) -> &RedisPairing {
        &self.store
    }

    fn run<F: Future>(case: F) -> F::Output {
        run(case)
    }
}

impl<const CLUSTER: bool> Timed for Pairing<CLUSTER> {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    async fn pass(&self, span: Millis) {
        self.clock.advance(span);
    }
}

impl<const CLUSTER: bool> PairingSetup for Pairing<CLUSTER> {
    async fn open(rules: PairingRules) -> Self {
        let way = Way::open(if CLUSTER {
            Servers::many()
        } else {
            Servers::alone()
        })
        .await;
        let clock = Arc::new(manual_clock());
        Self {
            store: way.node(1, rules, clock.clone(), TimeSource::OwnClock),
            clock,
            _way: way,
        }
    }
}

impl<const CLUSTER: bool> Drop for Pairing<CLUSTER> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.store.anomalies().strays(), 0);
        }
    }
}

mod on_one_server {
    use super::Pairing;
    passerby_conformance::pairing_store_conformance!(Pairing<false>);
}

mod in_a_cluster {
    use super::Pairing;
    passerby_conformance::pairing_store_conformance!(Pairing<true>);
}

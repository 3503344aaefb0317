//! The suite of `pairing`, on one server and in a cluster.

use crate::stage::{GRACE, Servers, Way, run};
use passerby_application::ports::{Clock as _, PairingRules};
use passerby_application::testing::ManualClock;
use passerby_conformance::pairing::PairingSetup;
use passerby_conformance::pairing::many_nodes::SharedPairingSetup;
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};
use passerby_redis::{RedisPairing, TimeSource};
use std::sync::Arc;

struct Pairing<const CLUSTER: bool> {
    clock: Arc<ManualClock>,
    stores: [RedisPairing; 3],
    _way: Way,
}

const LIVES: [u64; 3] = [11, 12, 13];

impl<const CLUSTER: bool> Setup for Pairing<CLUSTER> {
    type Port = RedisPairing;

    fn port(&self) -> &RedisPairing {
        &self.stores[0]
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
            stores: LIVES.map(|life| way.node(life, rules, clock.clone(), TimeSource::OwnClock)),
            clock,
            _way: way,
        }
    }
}

impl<const CLUSTER: bool> SharedPairingSetup for Pairing<CLUSTER> {
    fn nodes(&self) -> [&RedisPairing; 3] {
        self.stores.each_ref()
    }

    fn incarnations(&self) -> [Incarnation; 3] {
        LIVES.map(Incarnation::from_bits)
    }

    fn kept(&self) -> Millis {
        GRACE
    }
}

impl<const CLUSTER: bool> Drop for Pairing<CLUSTER> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for store in &self.stores {
                assert_eq!(
                    (store.anomalies().strays(), store.anomalies().unreadable()),
                    (0, 0)
                );
            }
        }
    }
}

mod on_one_server {
    use super::Pairing;
    passerby_conformance::pairing_store_conformance!(Pairing<false>);
    passerby_conformance::shared_pairing_conformance!(Pairing<false>);
}

mod in_a_cluster {
    use super::Pairing;
    passerby_conformance::pairing_store_conformance!(Pairing<true>);
    passerby_conformance::shared_pairing_conformance!(Pairing<true>);
}

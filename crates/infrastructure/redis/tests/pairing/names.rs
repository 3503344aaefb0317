//! Names of nodes, of which each should be there once.

use crate::stage::{Servers, Way, run};
use passerby_application::ports::{PairingRules, PairingStore as _, SameOrigin};
use passerby_conformance::manual_clock;
use passerby_domain::criteria::Patience;
use passerby_domain::id::NodeId;
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;
use passerby_redis::{RedisPairing, TimeSource};
use std::sync::Arc;

async fn beats(node: &RedisPairing) {
    let name = NodeId::parse("one").unwrap();
    node.heartbeat(&name, Census::default()).await.unwrap();
}

/// The operator has to know: each of them counts over what the other has counted.
#[test]
fn two_live_nodes_of_one_name_are_noticed_and_a_former_life_is_not() {
    run(async {
        let way = Way::open(Servers::alone()).await;
        let rules = PairingRules {
            patience: Patience {
                interests: Millis::ZERO,
                language: Millis::ZERO,
            },
            same_origin: SameOrigin::Allowed,
        };
        let clock = Arc::new(manual_clock());
        let node = |life| way.node(life, rules, clock.clone(), TimeSource::OwnClock);
        let (killed, back, twin) = (node(1), node(2), node(3));
        for _ in 0..2 {
            beats(&killed).await;
        }
        for _ in 0..2 {
            clock.advance(Millis::new(500));
            beats(&back).await;
        }
        assert_eq!(back.anomalies().namesakes(), 0, "it was killed and is back");
        for _ in 0..2 {
            clock.advance(Millis::new(500));
            beats(&twin).await;
            beats(&back).await;
        }
        assert_eq!(back.anomalies().namesakes(), 2);
        assert_eq!(
            twin.anomalies().namesakes(),
            1,
            "at first it could have been its former life"
        );
        clock.advance(Millis::from_secs(2));
        beats(&back).await;
        beats(&back).await;
        assert_eq!(back.anomalies().namesakes(), 2, "the other is gone");
    });
}

//! A node, its visitors and its admin listener.

use crate::metrics::Metrics;
use crate::state::{AdminState, Readiness, Token};
use passerby_application::ports::{Bans, Farewell, PairingRules, Ports, Reports, SameOrigin};
use passerby_application::testing::{
    CountingIdentity, HonestPairing, ListedBans, ListedReports, ManualClock, NoLimits, PassAll,
    RecordingDelivery, RecordingWire, Told,
};
use passerby_application::{Adapters, Arrival, Chat, Connected, Deployment, Entry, Options, Seat};
use passerby_domain::criteria::{Criteria, Patience};
use passerby_domain::id::NodeId;
use passerby_domain::time::{Millis, Moment};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The operator's token.
pub(crate) const TOKEN: &str = "open sesame";

pub(crate) enum TestPorts {}

impl Ports for TestPorts {
    type Pairing = HonestPairing;
    type Wire = RecordingWire;
    type Peers = passerby_application::testing::NoPeers;
    type Delivery = RecordingDelivery;
    type Clock = ManualClock;
    type Identity = CountingIdentity;
    type Limiter = NoLimits;
    type Screen = PassAll;
    type Observer = Metrics;
}

/// Somebody on the node.
pub(crate) struct Visitor {
    pub(crate) seat: Arc<Seat<TestPorts>>,
    wire: Arc<RecordingWire>,
}

impl Visitor {
    pub(crate) fn id(&self) -> String {
        self.seat.user().to_string()
    }

    pub(crate) fn farewell(&self) -> Option<Farewell> {
        self.wire.farewell()
    }

    /// What they heard since this was last asked, one line each.
    pub(crate) fn hears(&self) -> Vec<String> {
        self.wire.hears()
    }

    /// The chat they were told of last.
    pub(crate) fn chat(&self) -> String {
        let told = self.wire.told();
        told.iter().rev().find_map(Told::chat).unwrap().to_string()
    }
}

/// What a node is made with.
pub(crate) struct Plan {
    token: Option<&'static str>,
    bans: Arc<dyn Bans>,
    reports: Arc<dyn Reports>,
}

/// A node that is not started yet.
pub(crate) fn node() -> Plan {
    Plan {
        token: Some(TOKEN),
        bans: Arc::new(ListedBans::default()),
        reports: Arc::new(ListedReports::default()),
    }
}

/// A node whose operators can be reached.
pub(crate) struct Node {
    pub(crate) chat: Arc<Chat<TestPorts>>,
    pub(crate) clock: ManualClock,
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Arc<Mutex<Readiness>>,
    pub(crate) drain: CancellationToken,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<()>,
}

impl Plan {
    pub(crate) fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    pub(crate) fn with_bans(self, bans: impl Bans) -> Self {
        Self {
            bans: Arc::new(bans),
            ..self
        }
    }

    pub(crate) fn with_reports(self, reports: impl Reports) -> Self {
        Self {
            reports: Arc::new(reports),
            ..self
        }
    }

    pub(crate) async fn start(self) -> Node {
        let id = NodeId::parse("node-1").unwrap();
        let metrics = Metrics::new(&id, "1.2.3");
        let clock = ManualClock::at(Moment::from_millis(1_000));
        let chat = Arc::new(self.chat(id, clock.clone(), metrics.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let readiness = Arc::new(Mutex::new(Readiness::Ready));
        let source = readiness.clone();
        let (drain, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let state = AdminState {
            chat: chat.clone(),
            token: self.token.and_then(|token| Token::new(token.as_bytes())),
            metrics,
            readiness: Arc::new(move || *source.lock().unwrap()),
            drain: drain.clone(),
            version: "1.2.3",
        };
        #[expect(clippy::disallowed_methods, reason = "the test joins it")]
        let served = tokio::spawn(crate::serve(listener, state, shutdown.clone()));
        Node {
            chat,
            clock,
            address,
            readiness,
            drain,
            shutdown,
            served,
        }
    }

    fn chat(&self, node: NodeId, clock: ManualClock, observer: Metrics) -> Chat<TestPorts> {
        let rules = PairingRules {
            patience: Patience {
                interests: Millis::from_secs(8),
                language: Millis::from_secs(15),
            },
            same_origin: SameOrigin::Allowed,
        };
        let options = Options {
            node,
            deployment: Deployment::Alone,
            resume_grace: Millis::from_secs(20),
            reload_grace: Millis::from_secs(3),
            idle_timeout: Millis::from_secs(900),
            rematch_cooldown: Millis::from_secs(60),
            block_ttl: Millis::from_secs(2_592_000),
            messages: None,
            commands: None,
            skips: None,
            returns: None,
            reports: None,
            message_chars: 2_000,
        };
        let adapters = Adapters {
            pairing: HonestPairing::new(rules, clock.clone()),
            peers: passerby_application::testing::NoPeers,
            delivery: RecordingDelivery::default(),
            limiter: NoLimits,
            clock,
            identity: CountingIdentity::default(),
            screen: PassAll,
            observer,
            reports: self.reports.clone(),
            bans: self.bans.clone(),
        };
        Chat::new(options, adapters)
    }
}

impl Node {
    /// Somebody comes from the address `10.0.0.HOST` and wants a partner.
    pub(crate) async fn visitor(&self, host: u8) -> Visitor {
        let admission = self.chat.admit(IpAddr::from([10, 0, 0, host])).await.unwrap();
        let wire = Arc::new(RecordingWire::default());
        let arrival = Arrival {
            admission,
            wire: wire.clone(),
            criteria: Criteria::default(),
            entry: Entry::Queue,
        };
        let Connected { seat, .. } = self.chat.connect(arrival).await.unwrap();
        Visitor { seat, wire }
    }
}

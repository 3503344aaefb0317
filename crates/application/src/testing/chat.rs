//! A node made of fakes.

use super::{
    CountingIdentity, FactLog, HonestPairing, ListedBans, ListedReports, ManualClock, NoLimits, NoPeers,
    PassAll, RecordingDelivery, RecordingWire, Visit, Visitor,
};
use crate::chat::{Adapters, Chat, Deployment, Options};
use crate::ports::{
    Bans, PairingRules, PairingStore, Peers, Ports, Reports, SameOrigin, StoreError, TextScreen, TurnedAway,
};
use crate::{Arrival, ConnectError, Connected, Departure, NotNow};
use passerby_domain::criteria::{Criteria, Patience};
use passerby_domain::flood::Rate;
use passerby_domain::id::{NodeId, Seq};
use passerby_domain::time::{Millis, Moment};
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The fakes as one bundle, but for the pairing store and the screen, which tests script most, and the other nodes.
#[derive(Debug)]
pub struct TestPorts<S, T, Q = NoPeers>(PhantomData<fn(S, T, Q)>);

impl<S: PairingStore, T: TextScreen, Q: Peers> Ports for TestPorts<S, T, Q> {
    type Pairing = S;
    type Wire = RecordingWire;
    type Peers = Q;
    type Delivery = RecordingDelivery;
    type Clock = ManualClock;
    type Identity = CountingIdentity;
    type Limiter = NoLimits;
    type Screen = T;
    type Observer = FactLog;
}

/// A node to be.
pub struct ChatBuilder<S, T, Q = NoPeers> {
    pairing: S,
    peers: Q,
    screen: T,
    delivery: RecordingDelivery,
    identity: CountingIdentity,
    clock: ManualClock,
    options: Options,
    reports: Arc<dyn Reports>,
    bans: Arc<dyn Bans>,
    listed: Arc<ListedReports>,
    visitors: Arc<AtomicU32>,
}

/// What nodes of one cluster share beside their store.
#[derive(Debug)]
pub(super) struct World {
    pub(super) delivery: RecordingDelivery,
    pub(super) identity: CountingIdentity,
    pub(super) clock: ManualClock,
    pub(super) reports: Arc<ListedReports>,
    pub(super) bans: Arc<ListedBans>,
    /// How many have come.
    pub(super) visitors: Arc<AtomicU32>,
}

/// A node with the options of the protocol's defaults, made of fakes that do as they should. It is one second past
/// the origin of its clock.
pub fn chat() -> ChatBuilder<HonestPairing, PassAll> {
    let clock = ManualClock::at(Moment::from_millis(1_000));
    let rules = PairingRules {
        patience: Patience {
            interests: Millis::from_secs(8),
            language: Millis::from_secs(15),
        },
        same_origin: SameOrigin::Allowed,
    };
    let listed = Arc::new(ListedReports::default());
    ChatBuilder {
        pairing: HonestPairing::new(rules, clock.clone()),
        peers: NoPeers,
        screen: PassAll,
        delivery: RecordingDelivery::default(),
        identity: CountingIdentity::default(),
        clock,
        options: options(),
        reports: listed.clone(),
        bans: Arc::new(ListedBans::default()),
        listed,
        visitors: Arc::default(),
    }
}

/// The defaults of the protocol.
#[expect(clippy::expect_used, reason = "the name is a constant")]
fn options() -> Options {
    Options {
        node: NodeId::parse("test").expect("a name of four letters is one"),
        deployment: Deployment::Alone,
        resume_grace: Millis::from_secs(20),
        reload_grace: Millis::from_secs(3),
        idle_timeout: Millis::from_secs(15 * 60),
        rematch_cooldown: Millis::from_secs(60),
        block_ttl: Millis::from_secs(30 * 24 * 60 * 60),
        messages: Rate::per_second(10, 20),
        commands: Rate::per_second(30, 60),
        skips: Rate::per_minute(20, 5),
        returns: None,
        reports: None,
        message_chars: 2_000,
    }
}

impl<S: PairingStore, T: TextScreen, Q: Peers> ChatBuilder<S, T, Q> {
    /// The clock the node will have.
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Gives it another pairing store, made from the present one.
    pub fn pairing<R: PairingStore>(self, make: impl FnOnce(S) -> R) -> ChatBuilder<R, T, Q> {
        ChatBuilder {
            pairing: make(self.pairing),
            peers: self.peers,
            screen: self.screen,
            delivery: self.delivery,
            identity: self.identity,
            clock: self.clock,
            options: self.options,
            reports: self.reports,
            bans: self.bans,
            listed: self.listed,
            visitors: self.visitors,
        }
    }

    /// Gives it another screen.
    pub fn screen<R: TextScreen>(self, screen: R) -> ChatBuilder<S, R, Q> {
        ChatBuilder {
            pairing: self.pairing,
            peers: self.peers,
            screen,
            delivery: self.delivery,
            identity: self.identity,
            clock: self.clock,
            options: self.options,
            reports: self.reports,
            bans: self.bans,
            listed: self.listed,
            visitors: self.visitors,
        }
    }

    /// Makes it one of the nodes that share `world`.
    pub(super) fn among<R: Peers>(self, peers: R, world: &World) -> ChatBuilder<S, T, R> {
        ChatBuilder {
            pairing: self.pairing,
            peers,
            screen: self.screen,
            delivery: world.delivery.of_another_node(),
            identity: world.identity.clone(),
            clock: world.clock.clone(),
            options: self.options,
            reports: world.reports.clone(),
            bans: world.bans.clone(),
            listed: world.reports.clone(),
            visitors: world.visitors.clone(),
        }
    }

    /// Changes its options.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Sends its reports elsewhere.
    #[must_use]
    pub fn reports(mut self, reports: impl Reports) -> Self {
        self.reports = Arc::new(reports);
        self
    }

    /// Asks others about bans.
    #[must_use]
    pub fn bans(mut self, bans: impl Bans) -> Self {
        self.bans = Arc::new(bans);
        self
    }

    /// The node.
    pub fn start(self) -> TestChat<S, T, Q> {
        let facts = FactLog::default();
        let adapters = Adapters {
            pairing: self.pairing,
            peers: self.peers,
            delivery: self.delivery,
            clock: self.clock.clone(),
            identity: self.identity,
            limiter: NoLimits,
            screen: self.screen,
            observer: facts.clone(),
            reports: self.reports,
            bans: self.bans,
        };
        TestChat {
            chat: Arc::new(Chat::new(self.options, adapters)),
            clock: self.clock,
            facts,
            reports: self.listed,
            visitors: self.visitors,
        }
    }
}

impl<S, T, Q> fmt::Debug for ChatBuilder<S, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatBuilder")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A node, and what a test holds on to beside it. It is used as the [`Chat`] it is.
pub struct TestChat<S: PairingStore, T: TextScreen, Q: Peers = NoPeers> {
    chat: Arc<Chat<TestPorts<S, T, Q>>>,
    /// What time it is.
    pub clock: ManualClock,
    /// What happened.
    pub facts: FactLog,
    /// The reports that were made, unless they were sent elsewhere.
    pub reports: Arc<ListedReports>,
    visitors: Arc<AtomicU32>,
}

impl<S: PairingStore, T: TextScreen, Q: Peers> fmt::Debug for TestChat<S, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.chat, f)
    }
}

impl<S: PairingStore, T: TextScreen, Q: Peers> Deref for TestChat<S, T, Q> {
    type Target = Chat<TestPorts<S, T, Q>>;

    fn deref(&self) -> &Self::Target {
        &self.chat
    }
}

impl<S: PairingStore, T: TextScreen, Q: Peers> TestChat<S, T, Q> {
    /// The node, to be held by more than one.
    pub fn share(&self) -> Arc<Chat<TestPorts<S, T, Q>>> {
        self.chat.clone()
    }

    /// Somebody comes.
    ///
    /// # Errors
    /// [`ConnectError`].
    ///
    /// # Panics
    /// If they are not admitted, which happens to nobody here.
    #[expect(clippy::panic, reason = "the fake limiter admits everybody")]
    pub async fn visit(&self, visit: Visit) -> Result<Visitor<S, T, Q>, ConnectError> {
        let address = visit.address(self.visitors.fetch_add(1, Ordering::Relaxed));
        let admission = match self.chat.admit(address).await {
            Ok(admission) => admission,
            Err(TurnedAway::TooMany { .. } | TurnedAway::Store(_)) => panic!("everybody is admitted"),
        };
        let wire = Arc::new(RecordingWire::default());
        let arrival = Arrival {
            admission,
            wire: wire.clone(),
            criteria: visit.criteria,
            entry: visit.entry,
        };
        let Connected { seat, connection } = self.chat.connect(arrival).await?;
        Ok(Visitor {
            seat,
            connection,
            wire,
            address,
        })
    }

    /// Somebody comes for the queue and wants anybody.
    ///
    /// # Panics
    /// If they are banned.
    pub async fn visitor(&self) -> Visitor<S, T, Q> {
        self.visitor_who(Criteria::default()).await
    }

    /// Somebody comes for the queue.
    ///
    /// # Panics
    /// If they are banned.
    #[expect(clippy::panic, reason = "a test that bans somebody uses `visit`")]
    pub async fn visitor_who(&self, criteria: Criteria) -> Visitor<S, T, Q> {
        let visit = Visit {
            criteria,
            ..Visit::default()
        };
        match self.visit(visit).await {
            Ok(visitor) => visitor,
            Err(error) => panic!("nobody is let in: {error}"),
        }
    }

    /// Two come and are paired with each other; what they heard of it is read already.
    ///
    /// # Panics
    /// If they are not.
    pub async fn pair(&self) -> [Visitor<S, T, Q>; 2] {
        let pair = [self.visitor().await, self.visitor().await];
        assert!(!pair[0].chat().is_empty(), "the first is paired");
        assert_eq!(pair[0].chat(), pair[1].chat(), "they are paired with each other");
        for visitor in &pair {
            visitor.hears();
        }
        pair
    }

    /// A visitor's connection breaks.
    pub async fn drop_line(&self, visitor: &Visitor<S, T, Q>) {
        let (seat, connection) = (&visitor.seat, visitor.connection);
        self.chat.disconnect(seat, connection, Departure::Dropped).await;
    }

    /// Somebody comes with `token`, having seen the events up to `seen`. `None` if the token takes nothing back.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn come_back(
        &self,
        visitor: &Visitor<S, T, Q>,
        token: &str,
        seen: u64,
    ) -> Result<Option<Visitor<S, T, Q>>, ConnectError> {
        self.come_back_from(visitor.address, token, seen).await
    }

    /// Somebody comes from `address` with `token`, having seen the events up to `seen`. `None` if the token takes
    /// nothing back.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn come_back_from(
        &self,
        address: IpAddr,
        token: &str,
        seen: u64,
    ) -> Result<Option<Visitor<S, T, Q>>, ConnectError> {
        let recognised = self.chat.recognise(token).await.map_err(|not_now| match not_now {
            NotNow::TooOften(exhausted) => ConnectError::Store(StoreError::Unavailable(exhausted.into())),
            NotNow::Store(error) => ConnectError::Store(error),
        });
        let Some(returning) = recognised? else {
            return Ok(None);
        };
        let wire = Arc::new(RecordingWire::default());
        let seen = Seq::new(seen);
        let connected = self.chat.resume(returning, address, wire.clone(), seen).await?;
        Ok(connected.map(|Connected { seat, connection }| Visitor {
            seat,
            connection,
            wire,
            address,
        }))
    }
}

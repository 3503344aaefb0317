use super::*;
use crate::ports::{Bans, Farewell, MockBans, MockRateLimiter, Offence, StoreError};
use crate::testing::{
    CountingIdentity, FactLog, HonestPairing, Line, ListedBans, ManualClock, NoPeers, PassAll,
    RecordingDelivery, RecordingWire, Told, UnreliablePairing, Visit, chat, run, step,
};
use crate::{BanOrder, BanTarget};
use async_trait::async_trait;
use passerby_domain::id::Origin;
use passerby_domain::notice::{Census, Role};
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

#[test]
fn one_who_comes_for_the_queue_is_welcomed_and_waits() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle", "waiting"]);
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user()]);
    assert_eq!(chat.facts.all(), [Fact::Connected]);
}

#[test]
fn the_second_to_come_is_paired_at_once_and_exactly_one_makes_the_offer() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let bob = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "matched"]);
    assert_eq!(bob.hears(), ["welcome idle", "matched"]);
    assert_eq!(alice.chat(), bob.chat());
    let roles = [&alice, &bob].map(|visitor| visitor.wire.told().iter().find_map(Told::role));
    assert_eq!(roles, [Some(Role::Responder), Some(Role::Initiator)]);
}

#[test]
fn one_who_does_not_come_for_the_queue_is_left_in_peace() {
    let chat = chat().start();
    let visit = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    let alice = run(chat.visit(visit)).unwrap();
    let bob = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
    let census = Census {
        online: 2,
        waiting: 1,
        chatting: 0,
    };
    assert_eq!(chat.own_census(), census);
}

fn banned(address: Ipv4Addr) -> (Visit, BanOrder) {
    let visit = Visit {
        address: Some(address.into()),
        ..Visit::default()
    };
    let order = BanOrder {
        target: BanTarget::Origin(CountingIdentity::default().origins(address.into()).exact),
        offence: Offence::Spam,
        span: Some(Millis::from_secs(60)),
    };
    (visit, order)
}

#[test]
fn a_banned_origin_gets_no_seat_until_the_ban_ends() {
    let chat = chat().start();
    let (visit, order) = banned(Ipv4Addr::LOCALHOST);
    let ban = run(chat.ban(order)).unwrap();
    let refused = run(chat.visit(visit.clone())).unwrap_err();
    assert!(matches!(refused, ConnectError::Banned(told) if told == ban));
    assert_eq!(chat.own_census(), Census::default());
    assert_eq!(chat.facts.all(), [Fact::TurnedAway]);
    chat.clock.advance(Millis::from_secs(60));
    assert!(run(chat.visit(visit)).is_ok());
}

#[test]
fn nobody_new_comes_in_while_the_bans_cannot_be_read() {
    let mut bans = MockBans::new();
    bans.expect_find()
        .returning(|_, _| Err(StoreError::Unavailable("down".into())));
    let chat = chat().bans(bans).start();
    let refused = run(chat.visit(Visit::default())).unwrap_err();
    assert!(matches!(refused, ConnectError::Store(_)));
    assert_eq!(chat.own_census(), Census::default());
}

/// Bans whose answers take their time.
#[derive(Clone, Default)]
struct SlowBans {
    bans: Arc<ListedBans>,
    held: Arc<AtomicBool>,
}

#[async_trait]
impl Bans for SlowBans {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        let found = self.bans.find(origin, now).await;
        poll_fn(|_| {
            if self.held.load(Ordering::SeqCst) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        found
    }

    async fn add(&self, ban: Ban) -> Result<Ban, StoreError> {
        self.bans.add(ban).await
    }

    async fn lift(&self, id: crate::ports::BanId) -> Result<bool, StoreError> {
        self.bans.lift(id).await
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        self.bans.list(now).await
    }
}

#[test]
fn a_ban_made_while_somebody_connects_does_not_miss_them() {
    let bans = SlowBans::default();
    let chat = chat().bans(bans.clone()).start();
    let (visit, order) = banned(Ipv4Addr::LOCALHOST);
    bans.held.store(true, Ordering::SeqCst);
    let mut coming = pin!(chat.visit(visit));
    assert!(
        step(coming.as_mut()).is_pending(),
        "no ban was found, but the answer is late"
    );
    let ban = run(chat.ban(order)).unwrap();
    bans.held.store(false, Ordering::SeqCst);
    let alice = run(coming).unwrap();
    assert_eq!(alice.farewell(), Some(Farewell::Banned(ban)));
    assert_eq!(chat.own_census(), Census::default());
    assert_eq!(chat.adapters().pairing.waiting(), []);
    assert!(chat.seat_of(alice.user()).is_none());
}

#[test]
fn one_who_comes_while_the_store_is_down_waits_until_it_is_back() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = &chat.adapters().pairing;
    store.set(Line::Down);
    let alice = run(chat.visitor());
    let bob = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle", "waiting paused"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting paused"]);
    store.set(Line::Good);
    chat.clock.advance(Millis::new(500));
    run(chat.reap());
    assert_eq!(alice.hears(), ["waiting", "matched"]);
    assert_eq!(bob.hears(), ["matched"]);
}

#[test]
fn the_welcome_does_not_wait_for_a_slow_store() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    chat.adapters().pairing.set(Line::RequestsHeld);
    let wire = Arc::new(RecordingWire::default());
    let arrival = Arrival {
        admission: run(chat.admit(Ipv4Addr::LOCALHOST.into())).unwrap(),
        wire: wire.clone(),
        criteria: Criteria::default(),
        entry: Entry::Queue,
    };
    let mut coming = pin!(chat.connect(arrival));
    assert!(step(coming.as_mut()).is_pending());
    assert_eq!(wire.hears(), ["welcome idle"]);
    chat.adapters().pairing.set(Line::Good);
    let _seat = run(coming).unwrap();
    assert_eq!(wire.hears(), ["waiting"]);
}

/// The fakes, with a limiter to script.
struct Guarded;

impl Ports for Guarded {
    type Pairing = HonestPairing;
    type Wire = RecordingWire;
    type Peers = NoPeers;
    type Delivery = RecordingDelivery;
    type Clock = ManualClock;
    type Identity = CountingIdentity;
    type Limiter = MockRateLimiter;
    type Screen = PassAll;
    type Observer = FactLog;
}

#[test]
fn one_too_many_from_an_origin_is_turned_away() {
    let facts = FactLog::default();
    let clock = ManualClock::at(Moment::from_millis(1_000));
    let mut limiter = MockRateLimiter::new();
    limiter.expect_admit().returning(|_| {
        let retry_after = Millis::from_secs(3);
        Box::pin(async move { Err(TurnedAway::TooMany { retry_after }) })
    });
    let fakes = chat().start();
    let rules = crate::ports::PairingRules {
        patience: passerby_domain::criteria::Patience {
            interests: Millis::ZERO,
            language: Millis::ZERO,
        },
        same_origin: crate::ports::SameOrigin::Allowed,
    };
    let adapters = crate::Adapters::<Guarded> {
        pairing: HonestPairing::new(rules, clock.clone()),
        peers: NoPeers,
        delivery: RecordingDelivery::default(),
        clock,
        identity: CountingIdentity::default(),
        limiter,
        screen: PassAll,
        observer: facts.clone(),
        reports: fakes.reports.clone(),
        bans: Arc::new(ListedBans::default()),
    };
    let chat = Chat::new(fakes.options().clone(), adapters);
    let refused = run(chat.admit(Ipv4Addr::LOCALHOST.into()));
    assert!(
        matches!(refused, Err(TurnedAway::TooMany { retry_after }) if retry_after == Millis::from_secs(3))
    );
    assert_eq!(facts.all(), [Fact::TurnedAway]);
}

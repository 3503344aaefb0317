//! Three nodes, and what they say of their seats.

use super::super::scene::{RULES, Scene};
use super::SharedPairingSetup;
use passerby_application::ports::{
    Belief, Believed, Claim, Difference, Dossier, Handover, HandoverLimits, Location, Offer, OutboxContents,
    PairingStore as _, Pulse, Recollection, Release, Seeker, Stamp, Standing, StoreMemory, Stranger, Taken,
    TokenSerial, Verdict,
};
use passerby_domain::id::{Generation, Incarnation, NodeId, Seq, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The nodes of most cases.
pub(super) const HERE: usize = 0;
pub(super) const THERE: usize = 1;
pub(super) const ELSEWHERE: usize = 2;

/// The stage of one case.
pub(super) struct Stage<S> {
    pub(super) scene: Scene<S>,
    /// As of when each seat was given to whoever took it last.
    given: Mutex<HashMap<UserId, Generation>>,
}

impl<S: SharedPairingSetup> Stage<S> {
    /// All three nodes live.
    pub(super) async fn open() -> Self {
        let stage = Self::open_silent().await;
        for node in [HERE, THERE, ELSEWHERE] {
            stage.beats(node).await;
        }
        stage
    }

    /// No node has spoken yet.
    pub(super) async fn open_silent() -> Self {
        Self {
            scene: Scene::open_with(RULES).await,
            given: Mutex::default(),
        }
    }

    pub(super) fn person(&self, seat: u128) -> Seeker {
        self.scene.person(seat)
    }

    pub(super) fn own(&self, node: usize) -> Incarnation {
        self.scene.setup.incarnations()[node]
    }

    fn store(&self, node: usize) -> &S::Port {
        self.scene.setup.nodes()[node]
    }

    /// Time passes, and these nodes speak each second.
    pub(super) async fn pass_with(&self, seconds: u64, living: &[usize]) {
        for _ in 0..seconds {
            self.scene.pass(1_000).await;
            for node in living {
                self.beats(*node).await;
            }
        }
    }

    /// As [`Self::pass_with`], and the first of them looks for dead nodes each second.
    pub(super) async fn reaps_for(&self, seconds: u64, living: &[usize]) {
        for _ in 0..seconds {
            self.pass_with(1, living).await;
            self.reaps(living[0]).await;
        }
    }

    pub(super) async fn beats(&self, node: usize) -> Pulse {
        let name = NodeId::parse(["here", "there", "elsewhere"][node]).expect("a node's name");
        let beat = self.store(node).heartbeat(&name, Census::default());
        beat.await.expect("a heartbeat is answered")
    }

    pub(super) async fn remembers(&self, node: usize) -> StoreMemory {
        self.beats(node).await.memory
    }

    pub(super) async fn reaps(&self, node: usize) {
        self.store(node).reap().await.expect("reaping is answered");
    }

    pub(super) async fn claim(&self, node: usize, seeker: &Seeker) -> Claim {
        let claim = self.store(node).claim(seeker.clone());
        claim.await.expect("a claim is answered")
    }

    pub(super) async fn waits(&self, node: usize, seeker: &Seeker) {
        let claim = self.claim(node, seeker).await;
        assert!(matches!(claim, Claim::Waiting { .. }), "{claim:?}");
    }

    pub(super) async fn is_stale(&self, node: usize, seeker: &Seeker) {
        assert_eq!(self.claim(node, seeker).await, Claim::Stale);
    }

    /// Claims, and expects that this seat of the same node is offered.
    pub(super) async fn meets(&self, node: usize, seeker: &Seeker, partner: &Seeker) -> Offer {
        let expected = offer(seeker, partner);
        assert_eq!(self.claim(node, seeker).await, Claim::Offered(expected));
        expected
    }

    /// Claims, and expects that this seat of another node is offered.
    pub(super) async fn proposes(&self, node: usize, seeker: &Seeker, partner: &Seeker) -> (Offer, Stranger) {
        match self.claim(node, seeker).await {
            Claim::Proposed { offer: made, found } => {
                assert_eq!(made, offer(seeker, partner));
                (made, *found)
            }
            other => panic!("expected a proposal, got {other:?}"),
        }
    }

    /// An offer of a seat of [`THERE`] to one of [`HERE`].
    pub(super) async fn proposal(&self) -> (Offer, Seeker, Seeker) {
        let (seeker, found) = (self.person(1), self.person(2));
        self.waits(THERE, &found).await;
        let (offer, _) = self.proposes(HERE, &seeker, &found).await;
        (offer, seeker, found)
    }

    /// A chat between a seat of [`HERE`], who looked, and one of [`THERE`].
    pub(super) async fn chat(&self) -> (Offer, Seeker, Seeker) {
        let (offer, seeker, found) = self.proposal().await;
        assert_eq!(self.agree(THERE, offer).await, Verdict::Agreed);
        (offer, seeker, found)
    }

    pub(super) async fn agree(&self, node: usize, offer: Offer) -> Verdict {
        self.store(node)
            .agree(offer)
            .await
            .expect("an agreement is answered")
    }

    pub(super) async fn settle(&self, node: usize, offer: Offer) -> Verdict {
        self.store(node)
            .settle(offer)
            .await
            .expect("settling is answered")
    }

    pub(super) async fn release(&self, node: usize, seat: Stamp, release: Release) {
        let released = self.store(node).release(seat, release);
        released.await.expect("a release is answered");
    }

    pub(super) async fn keep(&self, node: usize, person: &Seeker, standing: Standing) {
        let kept = self.store(node).keep(dossier(person, standing));
        kept.await.expect("a dossier is noted");
    }

    pub(super) async fn bequeath(&self, node: usize, person: &Seeker, standing: Standing, held: Millis) {
        let handover = Handover {
            stamp: person.stamp,
            origin: person.origin,
            lasting_origin: person.lasting_origin,
            criteria: person.criteria.clone(),
            avoid: person.avoid.clone(),
            standing,
            partner: None,
            offer: None,
            last_chat: None,
            serials: [person.serial, TokenSerial(person.serial.0 + 1)],
            limits: HandoverLimits::default(),
            refused: Vec::new(),
            outbox: OutboxContents {
                last: Seq::new(7),
                chat: None,
                events: vec![(Seq::new(7), b"what the user is owed"[..].into())],
                placed: Vec::new(),
            },
            held_until: self.scene.now() + held,
            since: None,
            recollection: Recollection::Whole,
        };
        let left = self.store(node).bequeath(handover);
        left.await.expect("a seat is left to the store");
    }

    pub(super) async fn take(&self, node: usize, person: &Seeker) -> Option<Taken> {
        self.take_with(node, person, person.serial).await
    }

    pub(super) async fn take_with(&self, node: usize, person: &Seeker, serial: TokenSerial) -> Option<Taken> {
        let taken = self.store(node).take(person.stamp.seat, serial);
        let taken = taken.await.expect("taking is answered")?;
        let Stamp { seat, generation } = taken.dossier.stamp;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.insert(seat, generation);
        Some(taken)
    }

    /// The person as whoever took their seat last speaks of them, or might, so many moves later.
    pub(super) fn taken(&self, person: &Seeker, moves: u64) -> Seeker {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Generation::first_of(person.stamp.generation.tenure().next(Moment::ORIGIN));
        let since = given.get(&person.stamp.seat).unwrap_or(&next);
        Seeker {
            stamp: Stamp {
                seat: person.stamp.seat,
                generation: Generation::new(since.get() + moves),
            },
            ..person.clone()
        }
    }

    /// Takes a seat that is there.
    pub(super) async fn takes(&self, node: usize, person: &Seeker) -> Taken {
        self.take(node, person).await.expect("the seat is there")
    }

    pub(super) async fn gives_back(&self, node: usize, person: &Seeker) {
        let given_back = self.store(node).give_back(person.stamp.seat);
        given_back.await.expect("giving back is answered");
    }

    pub(super) async fn locate(&self, node: usize, person: &Seeker) -> Option<Location> {
        let located = self.store(node).locate(person.stamp.seat);
        located.await.expect("locating is answered")
    }

    /// All that the store has as this node's, page by page.
    pub(super) async fn owned(&self, node: usize) -> Vec<Stamp> {
        let mut all: Vec<Stamp> = Vec::new();
        loop {
            let after = all.last().map(|last| last.seat);
            let page = self.store(node).owned(after).await.expect("a list is answered");
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    pub(super) async fn differs(&self, node: usize, beliefs: &[(Stamp, Believed)]) -> Vec<Difference> {
        let beliefs = beliefs.iter();
        let beliefs = beliefs.map(|&(stamp, standing)| Belief { stamp, standing });
        let differences = self.store(node).verify(beliefs.collect());
        differences.await.expect("comparing is answered")
    }
}

/// The offer that comes of it when `seeker` finds `partner`.
fn offer(seeker: &Seeker, partner: &Seeker) -> Offer {
    Offer {
        chat: seeker.chat,
        seeker: seeker.stamp,
        found: partner.stamp,
    }
}

pub(super) fn dossier(person: &Seeker, standing: Standing) -> Dossier {
    Dossier {
        stamp: person.stamp,
        origin: person.origin,
        lasting_origin: person.lasting_origin,
        criteria: person.criteria.clone(),
        avoid: person.avoid.clone(),
        serial: person.serial,
        standing,
    }
}

pub(super) fn seat(person: &Seeker) -> UserId {
    person.stamp.seat
}

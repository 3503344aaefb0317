//! A store, and people who come to it.

use super::PairingSetup;
use passerby_application::ports::{
    Block, Claim, Offer, PairingRules, PairingStore as _, Release, SameOrigin, Seeker, Stamp, TokenSerial,
};
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interests, Language, Mode, Patience};
use passerby_domain::id::{ChatId, Generation, Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment};

/// The patience of most cases: 8 s on interests, 15 s on a language.
pub(super) const PATIENCE: Patience = Patience {
    interests: Millis::from_secs(8),
    language: Millis::from_secs(15),
};

/// The rules of most cases.
pub(super) const RULES: PairingRules = PairingRules {
    patience: PATIENCE,
    same_origin: SameOrigin::Allowed,
};

/// The stage of one case.
pub(super) struct Scene<S> {
    pub(super) setup: S,
}

impl<S: PairingSetup> Scene<S> {
    pub(super) async fn open() -> Self {
        Self::open_with(RULES).await
    }

    pub(super) async fn open_with(rules: PairingRules) -> Self {
        Self {
            setup: S::open(rules).await,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.setup.now()
    }

    /// The moment so many milliseconds from now.
    pub(super) fn after(&self, millis: u64) -> Moment {
        self.now() + Millis::new(millis)
    }

    pub(super) async fn pass(&self, millis: u64) {
        self.setup.pass(Millis::new(millis)).await;
    }

    /// Somebody who comes now, asks for nothing, and has an origin of their own.
    pub(super) fn person(&self, seat: u128) -> Seeker {
        Seeker {
            stamp: Stamp {
                seat: UserId::from_bits(seat),
                generation: Generation::new(5),
            },
            origin: Origin::from_bits(1_000_000 + seat),
            lasting_origin: Origin::from_bits(2_000_000 + seat),
            criteria: Criteria::default(),
            place: Place::taken_at(self.now()),
            from: self.now(),
            avoid: Vec::new(),
            serial: TokenSerial(3),
            chat: ChatId::from_bits(3_000_000 + seat),
        }
    }

    pub(super) async fn claim(&self, seeker: &Seeker) -> Claim {
        self.setup
            .port()
            .claim(seeker.clone())
            .await
            .expect("a claim is answered")
    }

    /// Claims, and expects that nobody is there. Answers when to ask again.
    pub(super) async fn waits(&self, seeker: &Seeker) -> Option<Moment> {
        match self.claim(seeker).await {
            Claim::Waiting { retry_at } => retry_at,
            other => panic!("expected to wait, got {other:?}"),
        }
    }

    /// Claims, and expects an offer of exactly this partner.
    pub(super) async fn meets(&self, seeker: &Seeker, partner: &Seeker) -> Offer {
        let expected = Offer {
            chat: seeker.chat,
            seeker: seeker.stamp,
            found: partner.stamp,
        };
        assert_eq!(self.claim(seeker).await, Claim::Offered(expected));
        expected
    }

    /// Claims, and expects that the store knows better.
    pub(super) async fn is_stale(&self, seeker: &Seeker) {
        assert_eq!(self.claim(seeker).await, Claim::Stale);
    }

    pub(super) async fn rests(&self, stamp: Stamp) {
        self.release(stamp, Release::Rest).await;
    }

    pub(super) async fn goes(&self, stamp: Stamp) {
        self.release(stamp, Release::Gone).await;
    }

    async fn release(&self, stamp: Stamp, release: Release) {
        self.setup
            .port()
            .release(stamp, release)
            .await
            .expect("a release is answered");
    }

    /// Keeps the lasting origins of two apart until then.
    pub(super) async fn block(&self, one: &Seeker, other: &Seeker, until: Moment) {
        let block = Block {
            origins: [one.lasting_origin, other.lasting_origin],
            until,
        };
        self.setup.port().block(block).await.expect("a block is answered");
    }
}

/// The same seat after so many moves.
pub(super) fn later(stamp: Stamp, moves: u64) -> Stamp {
    Stamp {
        generation: Generation::new(stamp.generation.get() + moves),
        ..stamp
    }
}

/// What a case says of a person.
pub(super) trait Person: Sized {
    fn likes(self, interests: &[&str]) -> Self;
    fn speaks(self, language: &str) -> Self;
    fn wants(self, mode: Mode) -> Self;
    /// They came so many milliseconds before.
    fn since(self, millis: u64) -> Self;
    /// They have been patient for so many milliseconds before.
    fn patient_for(self, millis: u64) -> Self;
    fn avoids(self, other: &Seeker, until: Moment, cause: Cause) -> Self;
    /// The same person after so many moves.
    fn moved(self, moves: u64) -> Self;
    /// Another person in the same place of the network.
    fn next_to(self, other: &Seeker) -> Self;
}

impl Person for Seeker {
    fn likes(mut self, interests: &[&str]) -> Self {
        self.criteria.interests = Interests::parse(interests.iter().copied()).expect("interests");
        self
    }

    fn speaks(mut self, language: &str) -> Self {
        self.criteria.language = Some(Language::parse(language).expect("a language"));
        self
    }

    fn wants(mut self, mode: Mode) -> Self {
        self.criteria.mode = mode;
        self
    }

    fn since(mut self, millis: u64) -> Self {
        self.place = Place::taken_at(self.place.since() - Millis::new(millis));
        self
    }

    fn patient_for(mut self, millis: u64) -> Self {
        self.from = self.from - Millis::new(millis);
        self
    }

    fn avoids(mut self, other: &Seeker, until: Moment, cause: Cause) -> Self {
        self.avoid.push(Avoided {
            seat: other.stamp.seat,
            until,
            cause,
        });
        self
    }

    fn moved(mut self, moves: u64) -> Self {
        self.stamp = later(self.stamp, moves);
        self
    }

    fn next_to(mut self, other: &Seeker) -> Self {
        self.origin = other.origin;
        self.lasting_origin = other.lasting_origin;
        self
    }
}

//! An offer that is not yet a chat: its partner's owner, or the store, has the next word.
//!
//! What the user wants meanwhile takes effect once that word is there, so that a chat which has begun for one has begun
//! for both.

use crate::ports::{Offer, Stranger, Verdict};
use futures_channel::oneshot;
use passerby_domain::criteria::Criteria;
use passerby_domain::id::ChatId;
use passerby_domain::notice::{ChatFacts, EndReason};
use passerby_domain::time::{Millis, Moment};

/// How much longer than an offer is open an owner waits for the other's word before it asks the store.
const PATIENCE: Millis = Millis::new(200);
/// How long after that it asks, before it takes the offer for dead.
const STORE_PATIENCE: Millis = Millis::new(1_300);
/// And after how long it does in any case, however long the offer is open: what users want meanwhile is answered within
/// three seconds.
const IN_ALL: Millis = Millis::new(2_800);

/// An offer that is not yet a chat.
pub(crate) struct Pending {
    pub(crate) offer: Offer,
    /// The other side.
    pub(crate) partner: Stranger,
    /// What the user is told of the chat, should it begin.
    pub(crate) facts: ChatFacts,
    /// When to ask the store what came of it.
    pub(crate) ask_at: Moment,
    /// When to take it for dead if the store does not answer either, and the user does not simply wait.
    pub(crate) give_up_at: Moment,
    pub(crate) word: Word,
    pub(crate) then: Then,
    askers: Askers,
}

/// What the other side's owner has said of the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing yet.
    None,
    /// Its user is in the chat.
    Begun,
}

/// What the user wants once it is known whether the chat has begun.
pub(crate) enum Then {
    /// What they wanted before.
    GoOn,
    /// To be idle.
    Leave,
    /// Another partner than they asked for first, unless the chat has begun.
    Join(Criteria),
    /// To be gone; the partner is told why.
    Depart(EndReason),
}

/// Those who wait for what comes of an offer.
#[derive(Default)]
pub(crate) struct Askers(Vec<oneshot::Sender<Verdict>>);

impl Askers {
    /// It is known, and what follows from it is done.
    pub(crate) fn tell(self, verdict: Verdict) {
        for asker in self.0 {
            // Nobody may be waiting for it any more.
            let _ = asker.send(verdict);
        }
    }
}

impl Pending {
    /// `open` is how long the offer is.
    pub(crate) fn new(offer: Offer, partner: Stranger, facts: ChatFacts, open: Millis, now: Moment) -> Self {
        let ask_at = now + open + PATIENCE;
        Self {
            offer,
            partner,
            facts,
            ask_at,
            give_up_at: (ask_at + STORE_PATIENCE).min(now + IN_ALL),
            word: Word::None,
            then: Then::GoOn,
            askers: Askers::default(),
        }
    }

    /// What comes of it. Nothing is said if the seat goes elsewhere before that is known.
    pub(crate) fn verdict(&mut self) -> oneshot::Receiver<Verdict> {
        let (asker, verdict) = oneshot::channel();
        self.askers.0.retain(|asker| !asker.is_canceled());
        self.askers.0.push(asker);
        verdict
    }

    /// Those who are to be told what comes of it.
    pub(crate) fn take_askers(&mut self) -> Askers {
        std::mem::take(&mut self.askers)
    }

    /// The other side's owner says that its user is in the chat: whoever asks what came of the offer is told so at once.
    pub(crate) fn has_begun_there(&mut self, now: Moment) {
        self.word = Word::Begun;
        self.ask_at = now;
    }

    pub(crate) fn chat(&self) -> ChatId {
        self.offer.chat
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Stamp;
    use passerby_domain::criteria::Mode;
    use passerby_domain::id::{Generation, Incarnation, Origin, UserId};
    use passerby_domain::notice::Role;

    #[test]
    fn an_owner_asks_a_little_after_the_offer_is_over_and_gives_up_before_three_seconds() {
        let stamp = |bits| Stamp {
            seat: UserId::from_bits(bits),
            generation: Generation::default(),
        };
        let pending = |open| {
            let offer = Offer {
                chat: ChatId::from_bits(1),
                seeker: stamp(1),
                found: stamp(2),
            };
            let partner = Stranger {
                stamp: stamp(2),
                owner: Incarnation::from_bits(1),
                origin: Origin::from_bits(1),
                lasting_origin: Origin::from_bits(1),
                common_interests: [].into(),
                language: None,
            };
            let facts = ChatFacts {
                common_interests: [].into(),
                language: None,
                mode: Mode::Text,
                role: Role::Initiator,
            };
            Pending::new(offer, partner, facts, Millis::new(open), Moment::ORIGIN)
        };
        let times = |open| {
            let pending = pending(open);
            [pending.ask_at, pending.give_up_at].map(Moment::as_millis)
        };
        assert_eq!(times(1_000), [1_200, 2_500]);
        assert_eq!(times(2_000), [2_200, 2_800]);
    }
}

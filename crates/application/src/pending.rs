//! An offer that is not yet a chat: its partner's owner, or the store, has the next word.
//!
//! What the user wants meanwhile takes effect once that word is there, so that a chat which has begun for one has begun
//! for both.

use crate::ports::{Offer, Stranger};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::ChatId;
use passerby_domain::notice::{ChatFacts, EndReason};
use passerby_domain::time::{Millis, Moment};

/// How long an owner waits for the other's word before it asks the store: a little longer than an offer is open.
const PATIENCE: Millis = Millis::new(1_200);
/// How long after that it asks, before it takes the offer for dead.
const STORE_PATIENCE: Millis = Millis::new(1_300);

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

impl Pending {
    pub(crate) fn new(offer: Offer, partner: Stranger, facts: ChatFacts, now: Moment) -> Self {
        Self {
            offer,
            partner,
            facts,
            ask_at: now + PATIENCE,
            give_up_at: now + PATIENCE + STORE_PATIENCE,
            word: Word::None,
            then: Then::GoOn,
        }
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

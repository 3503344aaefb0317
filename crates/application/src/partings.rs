//! Partings: chats that were ended here whose other end another node holds, for a while after.
//!
//! The word of an end can be lost on its way. The other owner, which goes on asserting its end, is told again why the chat
//! is over; without this it would take the chat for lost, some seconds later.
//!
//! **Architecture Invariant:** what is forgotten too early is found out all the same.

use crate::fading::Fading;
use passerby_domain::id::{ChatId, UserId};
use passerby_domain::notice::EndReason;
use passerby_domain::time::{Millis, Moment};

/// For how long a parting is remembered at least: several times as long as an owner takes to assert all its ends.
const SPAN: Millis = Millis::from_secs(20);

/// Why a chat is over, for the end that may not know.
#[derive(Clone, Copy)]
struct Parting {
    /// The seat that ended it.
    seat: UserId,
    /// What its partner is told.
    reason: EndReason,
}

/// All partings that are remembered.
pub(crate) struct Partings(Fading<ChatId, Parting>);

impl Default for Partings {
    fn default() -> Self {
        Self(Fading::new(SPAN))
    }
}

impl Partings {
    /// `seat` is out of `chat`, and the partner is told `reason`.
    pub(crate) fn note(&self, chat: ChatId, seat: UserId, reason: EndReason, now: Moment) {
        self.0.note(chat, Parting { seat, reason }, now);
    }

    /// What the partner of `seat` in `chat` is told, if it was this seat that ended it.
    pub(crate) fn reason(&self, chat: ChatId, seat: UserId) -> Option<EndReason> {
        let parting = self.0.get(&chat)?;
        (parting.seat == seat).then_some(parting.reason)
    }

    /// Forgets what is old.
    pub(crate) fn forget(&self, now: Moment) {
        self.0.forget(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_chat_is_known_to_the_partner_of_the_seat_that_ended_it() {
        let [ann, ben] = [1, 2].map(UserId::from_bits);
        let chat = ChatId::from_bits(1);
        let partings = Partings::default();
        partings.note(chat, ann, EndReason::PartnerSkipped, Moment::from_millis(100));
        assert_eq!(partings.reason(chat, ann), Some(EndReason::PartnerSkipped));
        assert_eq!(partings.reason(chat, ben), None, "they did not end it");
    }
}

//! Partings: chats that were ended here whose other end another node holds, for a while after.
//!
//! The word of an end can be lost on its way. The other owner, which goes on asserting its end, is told again why the chat
//! is over; without this it would take the chat for lost, some seconds later.
//!
//! **Architecture Invariant:** bounded in number and time. What is forgotten too early is found out all the same.

use passerby_domain::id::{ChatId, UserId};
use passerby_domain::notice::EndReason;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long a parting is remembered at least: several times as long as an owner takes to assert all its ends.
const SPAN: Millis = Millis::from_secs(20);
/// How many partings one span remembers.
const PARTINGS: usize = 65_536;

/// Why a chat is over, for the end that may not know.
#[derive(Clone, Copy)]
struct Parting {
    /// The seat that ended it.
    seat: UserId,
    /// What its partner is told.
    reason: EndReason,
}

/// The partings of this span and of the one before.
#[derive(Default)]
pub(crate) struct Partings(Mutex<Spans>);

#[derive(Default)]
struct Spans {
    began: Moment,
    present: HashMap<ChatId, Parting>,
    past: HashMap<ChatId, Parting>,
}

impl Partings {
    /// `seat` is out of `chat`, and the partner is told `reason`.
    pub(crate) fn note(&self, chat: ChatId, seat: UserId, reason: EndReason, now: Moment) {
        let mut spans = self.lock();
        spans.turn(now);
        if spans.present.len() < PARTINGS {
            spans.present.insert(chat, Parting { seat, reason });
        }
    }

    /// What the partner of `seat` in `chat` is told, if it was this seat that ended it.
    pub(crate) fn reason(&self, chat: ChatId, seat: UserId) -> Option<EndReason> {
        let spans = self.lock();
        let parting = spans.present.get(&chat).or_else(|| spans.past.get(&chat))?;
        (parting.seat == seat).then_some(parting.reason)
    }

    /// Forgets what is old.
    pub(crate) fn forget(&self, now: Moment) {
        self.lock().turn(now);
    }

    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spans {
    fn turn(&mut self, now: Moment) {
        if now.since(self.began) >= SPAN {
            self.began = now;
            self.past = std::mem::take(&mut self.present);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId::from_bits(1);
    const BEN: UserId = UserId::from_bits(2);
    const REASON: EndReason = EndReason::PartnerSkipped;

    fn chat(number: u64) -> ChatId {
        ChatId::from_bits(u128::from(number))
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_parting_is_remembered_for_its_span_and_forgotten_after_two() {
        let partings = Partings::default();
        partings.note(chat(1), ANN, REASON, at(100));
        assert_eq!(partings.reason(chat(1), ANN), Some(REASON));
        assert_eq!(partings.reason(chat(1), BEN), None, "they did not end it");
        assert_eq!(partings.reason(chat(2), ANN), None);
        partings.forget(at(120));
        assert_eq!(partings.reason(chat(1), ANN), Some(REASON));
        partings.forget(at(140));
        assert_eq!(partings.reason(chat(1), ANN), None);
    }

    #[test]
    fn no_more_is_remembered_than_has_room() {
        let partings = Partings::default();
        let most = u64::try_from(PARTINGS).unwrap();
        for number in 0..=most {
            partings.note(chat(number), ANN, REASON, at(100));
        }
        assert_eq!(partings.reason(chat(most - 1), ANN), Some(REASON));
        assert_eq!(partings.reason(chat(most), ANN), None);
    }
}

//! Messages that were refused in the present chat, so that one whose refusal was lost is not let in late.
//!
//! A client that loses its connection sends again what it has no answer for. If a message was refused and those after
//! it were accepted, but the word of the refusal was lost, the same message sent again would arrive behind them. So it
//! is refused once more, and only then may be tried again as a new one.
//!
//! One of which nobody knew what became when later ones were accepted is refused for as long as the chat lasts: its client may
//! have sent it again before it heard what became of it in the end.
//!
//! **Architecture Invariant:** bounded, and owns nothing until something was refused.

use crate::ports::{Fate, IdHash};
use crate::seat::ConnectionNumber;
use crate::use_cases::MessageError;

/// How many refusals are remembered: as many as accepted ids.
const CAPACITY: usize = 64;

#[derive(Clone, Copy)]
struct Refusal {
    /// The keyed hash of the message's id.
    id: IdHash,
    /// The connection on which the client was told.
    told: ConnectionNumber,
    why: MessageError,
    term: Term,
}

/// For how long a message is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    /// Until its client knows.
    UntilHeard,
    /// For as long as the chat lasts.
    ForGood,
}

/// What was refused in the present chat, oldest first.
#[derive(Default)]
#[expect(
    clippy::box_collection,
    reason = "a seat pays for what it seldom has with one word instead of three"
)]
pub(crate) struct Refusals(
    /// Boxed, since most seats at most times have none.
    Option<Box<Vec<Refusal>>>,
);

impl Refusals {
    /// Remembers that the message `id` was refused, and that the client was told on `connection`. One of which nobody knows
    /// what became is refused for good, also when that is known later.
    pub(crate) fn remember(&mut self, id: IdHash, connection: ConnectionNumber, why: MessageError) {
        let all = self.0.get_or_insert_default();
        let mut term = if why == MessageError::Unconfirmed {
            Term::ForGood
        } else {
            Term::UntilHeard
        };
        if let Some(index) = all.iter().position(|refusal| refusal.id == id)
            && all.remove(index).term == Term::ForGood
        {
            term = Term::ForGood;
        }
        if all.len() == CAPACITY {
            all.remove(0);
        }
        all.push(Refusal {
            id,
            told: connection,
            why,
            term,
        });
    }

    /// Why the message `id` was refused, if the client was told so on an older connection than `connection` and may
    /// not know. It is taken as told now. One that is refused for good is refused each time.
    pub(crate) fn perhaps_unheard(
        &mut self,
        id: IdHash,
        connection: ConnectionNumber,
    ) -> Option<MessageError> {
        let refusal = self.0.as_mut()?.iter_mut().find(|refusal| refusal.id == id)?;
        if refusal.told == connection && refusal.term == Term::UntilHeard {
            return None;
        }
        refusal.told = connection;
        Some(refusal.why)
    }

    /// Whether the message `id` is refused for as long as the chat lasts.
    pub(crate) fn are_for_good(&self, id: IdHash) -> bool {
        let mut all = self.0.iter().flat_map(|all| all.iter());
        all.any(|refusal| refusal.id == id && refusal.term == Term::ForGood)
    }

    /// The ids, oldest first, and what became of each.
    pub(crate) fn fates(&self) -> impl Iterator<Item = (IdHash, Fate)> {
        self.0.iter().flat_map(|all| all.iter()).map(|refusal| {
            let fate = match refusal.term {
                Term::UntilHeard => Fate::Undelivered,
                Term::ForGood => Fate::Unknown,
            };
            (refusal.id, fate)
        })
    }

    /// Forgets all, since a new chat begins.
    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_repeated_once_on_a_later_connection() {
        let mut refusals = Refusals::default();
        let [first, second] = [1, 2].map(ConnectionNumber);
        refusals.remember(IdHash(7), first, MessageError::Rejected);
        assert_eq!(refusals.perhaps_unheard(IdHash(7), first), None);
        assert_eq!(refusals.perhaps_unheard(IdHash(8), second), None);
        assert_eq!(
            refusals.perhaps_unheard(IdHash(7), second),
            Some(MessageError::Rejected)
        );
        assert_eq!(refusals.perhaps_unheard(IdHash(7), second), None);
    }

    #[test]
    fn one_of_which_nobody_knows_is_refused_each_time() {
        let mut refusals = Refusals::default();
        let connection = ConnectionNumber(1);
        refusals.remember(IdHash(7), connection, MessageError::Unconfirmed);
        for _ in 0..2 {
            let again = refusals.perhaps_unheard(IdHash(7), connection);
            assert_eq!(again, Some(MessageError::Unconfirmed));
        }
    }

    #[test]
    fn it_is_also_when_it_is_known_in_the_end() {
        let mut refusals = Refusals::default();
        let connection = ConnectionNumber(1);
        refusals.remember(IdHash(7), connection, MessageError::Unconfirmed);
        refusals.remember(IdHash(7), connection, MessageError::Rejected);
        for _ in 0..2 {
            let again = refusals.perhaps_unheard(IdHash(7), connection);
            assert_eq!(again, Some(MessageError::Rejected));
        }
        assert!(refusals.fates().eq([(IdHash(7), Fate::Unknown)]));
    }

    #[test]
    fn the_last_64_refusals_are_remembered() {
        let mut refusals = Refusals::default();
        for id in 0..=64 {
            refusals.remember(IdHash(id), ConnectionNumber(1), MessageError::Rejected);
        }
        assert_eq!(refusals.perhaps_unheard(IdHash(0), ConnectionNumber(2)), None);
        assert!(refusals.perhaps_unheard(IdHash(1), ConnectionNumber(2)).is_some());
        refusals.clear();
        assert_eq!(refusals.perhaps_unheard(IdHash(5), ConnectionNumber(2)), None);
    }
}

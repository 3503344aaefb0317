//! Endings: seats of this node that are gone, for a little while after.
//!
//! Another node may be given a seat by the store just before that hears of its end. Its former owner says so when it is asked
//! for it; without this the other would take it for one that does not answer, and bring the seat back to life.
//!
//! **Architecture Invariant:** bounded in number and time. What is forgotten too early is a seat that comes back with a `gap`.

use passerby_domain::id::UserId;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long an ending is remembered at least: longer than a new owner asks.
const SPAN: Millis = Millis::from_secs(5);
/// How many endings one span remembers.
const ENDINGS: usize = 65_536;

/// The endings of this span and of the one before.
#[derive(Default)]
pub(crate) struct Endings(Mutex<Spans>);

#[derive(Default)]
struct Spans {
    began: Moment,
    present: HashSet<UserId>,
    past: HashSet<UserId>,
}

impl Endings {
    /// A seat is gone for ever.
    pub(crate) fn note(&self, seat: UserId, now: Moment) {
        let mut spans = self.lock();
        spans.turn(now);
        if spans.present.len() < ENDINGS {
            spans.present.insert(seat);
        }
    }

    /// Whether a seat ended here a little while ago.
    pub(crate) fn knows(&self, seat: UserId) -> bool {
        let spans = self.lock();
        spans.present.contains(&seat) || spans.past.contains(&seat)
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

    #[test]
    fn an_ending_is_remembered_for_a_span_at_least_and_two_at_most() {
        let endings = Endings::default();
        let (ann, ben) = (UserId::from_bits(1), UserId::from_bits(2));
        let at = |seconds| Moment::ORIGIN + Millis::from_secs(seconds);
        endings.note(ann, at(4));
        assert!(endings.knows(ann) && !endings.knows(ben));
        endings.forget(at(8));
        assert!(endings.knows(ann));
        endings.note(ben, at(13));
        assert!(!endings.knows(ann) && endings.knows(ben));
    }
}

//! What the store knows of one seat.

use super::families::Families;
use passerby_application::ports::{PairingRules, Seeker, Stamp};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Openness, Wish};
use passerby_domain::id::{Generation, Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::Moment;
use std::cmp::Ordering;
use std::cmp::Reverse;

/// One seat, as of the newest word about it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) generation: Generation,
    pub(super) phase: Phase,
}

/// Where a seat stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// In the queue.
    Waiting(Box<Waiter>),
    /// In a chat, or at rest.
    Settled,
}

impl Record {
    /// Whether the store knows more than whoever sent `stamp`.
    pub(super) fn is_newer_than(&self, stamp: Stamp) -> bool {
        self.generation > stamp.generation
    }

    /// Whether a search with this stamp is still of use. The search that the record is about may be repeated,
    /// but not once it has come to something.
    pub(super) fn may_search(&self, stamp: Stamp) -> bool {
        match stamp.generation.cmp(&self.generation) {
            Ordering::Less => false,
            Ordering::Equal => matches!(self.phase, Phase::Waiting(_)),
            Ordering::Greater => true,
        }
    }
}

/// Somebody who looks for a partner or waits for one, with all that decides whom they may meet.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) place: Place,
    pub(super) criteria: Criteria,
    /// The families that follow from their interests.
    pub(super) families: Families,
    /// How open they are, as of their last search.
    pub(super) openness: Openness,
    pub(super) origin: Origin,
    pub(super) lasting_origin: Origin,
    /// Whom they must not meet: sorted by seat, each of them once.
    avoid: Vec<Avoided>,
}

impl Waiter {
    /// The seeker as it is at `now`.
    pub(super) fn new(seeker: Seeker, families: Families, rules: &PairingRules, now: Moment) -> Self {
        let mut avoid = seeker.avoid;
        avoid.retain(|entry| entry.until > now);
        avoid.sort_unstable_by_key(|entry| (entry.seat, Reverse(entry.until)));
        avoid.dedup_by_key(|entry| entry.seat);
        Self {
            openness: Openness::of(&seeker.criteria, seeker.from, &rules.patience, now),
            place: seeker.place,
            criteria: seeker.criteria,
            families,
            origin: seeker.origin,
            lasting_origin: seeker.lasting_origin,
            avoid,
        }
    }

    /// What they ask of a partner.
    pub(super) fn wish(&self) -> Wish<'_> {
        Wish {
            criteria: &self.criteria,
            openness: self.openness,
        }
    }

    /// Until when they must not meet `seat`; `None` if they may.
    pub(super) fn avoids_until(&self, seat: UserId, now: Moment) -> Option<Moment> {
        let at = self.avoid.binary_search_by_key(&seat, |entry| entry.seat).ok()?;
        self.avoid
            .get(at)
            .map(|entry| entry.until)
            .filter(|&until| until > now)
    }

    /// Whether the index has them in the same lists, in the same place.
    pub(super) fn stands_as(&self, other: &Self) -> bool {
        self.place == other.place && self.openness == other.openness && self.criteria == other.criteria
    }
}

//! Who waits, arranged so that those who fit are found without looking at those who do not.
//!
//! Everybody stands on the shelf of each of their interests; whoever does not insist on a shared interest
//! (any more) also stands on the shelf *anybody* of their mode. Each shelf is ordered by language.
//!
//! **Architecture Invariants.** What a seeker reads are exactly those whom it fits, interests, language and
//! mode, as of the last search of each. No shelf is empty.

use super::families::{Families, Family, Naming};
use super::hashed::{HashedMap, give_back};
use super::line::{Line, Merged};
use super::record::Waiter;
use super::shelf::{Left, Shelf, Tongue};
use passerby_domain::criteria::{Criteria, Stance};
use passerby_domain::id::UserId;
use std::collections::hash_map::Entry;

/// All shelves.
#[derive(Debug, Default)]
pub(super) struct Index {
    shelves: HashedMap<Family, Shelf>,
    naming: Naming,
}

impl Index {
    /// The families of somebody who asks for this.
    pub(super) fn families_of(&self, criteria: &Criteria) -> Families {
        self.naming.families_of(criteria)
    }

    /// Puts somebody on all shelves they belong to.
    pub(super) fn insert(&mut self, seat: UserId, waiter: &Waiter) {
        let (spot, tongue) = ((waiter.place, seat), Tongue::of(waiter.wish()));
        for family in families(waiter) {
            match self.shelves.entry(family) {
                Entry::Occupied(mut shelf) => shelf.get_mut().insert(spot, tongue),
                Entry::Vacant(place) => {
                    place.insert(Shelf::One(spot, tongue));
                }
            }
        }
    }

    /// Takes somebody off all shelves. `waiter` is what they were put there with.
    pub(super) fn remove(&mut self, seat: UserId, waiter: &Waiter) {
        let (spot, tongue) = ((waiter.place, seat), Tongue::of(waiter.wish()));
        for family in families(waiter) {
            if let Entry::Occupied(mut shelf) = self.shelves.entry(family)
                && shelf.get_mut().remove(spot, tongue) == Left::Nobody
            {
                shelf.remove();
            }
        }
        give_back(&mut self.shelves);
    }

    /// The lines of those who share an interest with the seeker and fit it.
    pub(super) fn sharing<'a>(&'a self, seeker: &'a Waiter) -> impl Iterator<Item = Line<'a>> {
        let tongue = Tongue::of(seeker.wish());
        let shelves = seeker
            .families
            .shared()
            .iter()
            .filter_map(|family| self.shelves.get(family));
        shelves.flat_map(move |shelf| shelf.read_by(tongue).into_iter().flatten())
    }

    /// Those who do not insist on a shared interest and fit a seeker that does not either, first come first.
    /// Some are met twice.
    pub(super) fn open_to_all(&self, seeker: &Waiter) -> Merged<'_, 3> {
        let shelf = self.shelves.get(&seeker.families.anybody);
        Merged::new(shelf.map_or([None, None, None], |shelf| {
            shelf.read_by(Tongue::of(seeker.wish()))
        }))
    }

    /// How many shelves there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shelves.len()
    }
}

/// The families on whose shelves somebody stands.
fn families(waiter: &Waiter) -> impl Iterator<Item = Family> {
    let open = (waiter.openness.interests == Stance::Open).then_some(waiter.families.anybody);
    waiter.families.shared().iter().copied().chain(open)
}

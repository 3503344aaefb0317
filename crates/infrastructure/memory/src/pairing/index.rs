//! Who waits, arranged so that those who fit are found without looking at those who do not.
//!
//! Everybody stands in one line per *family* and *tongue*. The families are their interests, and "anybody" for those
//! who do not insist on a shared interest (any more). The tongues say which seekers a line is for:
//!
//! | tongue | who stands in it | who reads it |
//! | --- | --- | --- |
//! | `Any` | everybody | who named no language |
//! | `Unnamed` | who named no language | who named one |
//! | `Only(language)` | who named this language | who named it too |
//! | `Patient` | who named one and takes any by now | who named one and takes any by now |
//!
//! **Architecture Invariants.** A line holds nobody but those whom its readers accept and who accept them, as far as
//! interests and language go. No line is empty.

use super::line::{Left, Line, Merged};
use super::record::Waiter;
use passerby_domain::criteria::{Criteria, Interest, Language, Mode, Stance};
use passerby_domain::id::UserId;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;

/// All lines.
#[derive(Debug, Default)]
pub(super) struct Index {
    lines: HashMap<Kind, Line>,
    families: Families,
}

/// Which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    family: Family,
    tongue: Tongue,
}

/// A mode with an interest or with none, as a hash. That two families share one is next to impossible, and only makes
/// seekers meet somebody who does not fit, whom they pass over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Family(u64);

/// Which seekers read a line. The table above says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Tongue {
    Any,
    Unnamed,
    Only(Language),
    Patient,
}

impl Index {
    /// Puts somebody into all lines they belong to.
    pub(super) fn insert(&mut self, seat: UserId, waiter: &Waiter) {
        let spot = (waiter.place, seat);
        for kind in self.families.kinds(waiter) {
            match self.lines.entry(kind) {
                Entry::Occupied(mut line) => line.get_mut().insert(spot),
                Entry::Vacant(place) => {
                    place.insert(Line::One(spot));
                }
            }
        }
    }

    /// Takes somebody out of all lines. `waiter` is what they were put in with.
    pub(super) fn remove(&mut self, seat: UserId, waiter: &Waiter) {
        let spot = (waiter.place, seat);
        for kind in self.families.kinds(waiter) {
            if let Entry::Occupied(mut line) = self.lines.entry(kind)
                && line.get_mut().remove(spot) == Left::Nobody
            {
                line.remove();
            }
        }
        super::book::give_back(&mut self.lines);
    }

    /// The lines of those who share an interest with the seeker, as far as it may read them.
    pub(super) fn sharing<'a>(&'a self, seeker: &'a Waiter) -> impl Iterator<Item = &'a Line> {
        let tongues = tongues_read_by(seeker);
        let families = seeker
            .criteria
            .interests
            .iter()
            .map(|interest| self.families.shared(seeker.criteria.mode, interest));
        families.flat_map(move |family| {
            tongues
                .into_iter()
                .flatten()
                .filter_map(move |tongue| self.lines.get(&Kind { family, tongue }))
        })
    }

    /// Those who do not insist on a shared interest, first come first. Some are met twice.
    pub(super) fn open_to_all(&self, seeker: &Waiter) -> Merged<'_, 3> {
        let family = self.families.anybody(seeker.criteria.mode);
        Merged::new(tongues_read_by(seeker).map(|tongue| {
            self.lines.get(&Kind {
                family,
                tongue: tongue?,
            })
        }))
    }

    /// How many lines there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// Turns the name of a family into 64 bits that nobody outside can foresee.
#[derive(Debug, Default)]
struct Families(RandomState);

impl Families {
    /// The lines that somebody belongs to.
    fn kinds(&self, waiter: &Waiter) -> impl Iterator<Item = Kind> {
        let Criteria { interests, mode, .. } = &waiter.criteria;
        let open = (waiter.openness.interests == Stance::Open).then(|| self.anybody(*mode));
        let shared = interests.iter().map(|interest| self.shared(*mode, interest));
        let tongues = tongues_of(waiter);
        shared.chain(open).flat_map(move |family| {
            tongues
                .into_iter()
                .flatten()
                .map(move |tongue| Kind { family, tongue })
        })
    }

    fn anybody(&self, mode: Mode) -> Family {
        Family(self.0.hash_one((mode, None::<&Interest>)))
    }

    fn shared(&self, mode: Mode, interest: &Interest) -> Family {
        Family(self.0.hash_one((mode, Some(interest))))
    }
}

/// In which tongues somebody stands.
fn tongues_of(waiter: &Waiter) -> [Option<Tongue>; 3] {
    match (waiter.criteria.language, waiter.openness.language) {
        (None, _) => [Some(Tongue::Any), Some(Tongue::Unnamed), None],
        (Some(language), Stance::Strict) => [Some(Tongue::Any), Some(Tongue::Only(language)), None],
        (Some(language), Stance::Open) => [
            Some(Tongue::Any),
            Some(Tongue::Only(language)),
            Some(Tongue::Patient),
        ],
    }
}

/// Which tongues a seeker reads.
fn tongues_read_by(seeker: &Waiter) -> [Option<Tongue>; 3] {
    match (seeker.criteria.language, seeker.openness.language) {
        (None, _) => [Some(Tongue::Any), None, None],
        (Some(language), Stance::Strict) => [Some(Tongue::Only(language)), Some(Tongue::Unnamed), None],
        (Some(language), Stance::Open) => [
            Some(Tongue::Only(language)),
            Some(Tongue::Unnamed),
            Some(Tongue::Patient),
        ],
    }
}

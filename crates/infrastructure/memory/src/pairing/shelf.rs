//! Those of one family who wait, by language.
//!
//! | line | who stands in it | who reads it |
//! | --- | --- | --- |
//! | `everybody` | everybody | who named no language |
//! | `unnamed` | who named no language | who named one |
//! | `only` | who named that language | who named it too |
//! | `patient` | who named one and takes any by now | who named one and takes any by now |
//!
//! **Architecture Invariant:** a reader accepts everybody whom it reads, and is accepted by them, as far as
//! languages go; and whoever is so is read.

use super::line::{Line, Spot};
use passerby_domain::criteria::{Language, Stance, Wish};
use std::collections::{BTreeSet, HashMap};

/// How somebody stands on languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tongue {
    language: Option<Language>,
    stance: Stance,
}

impl Tongue {
    pub(super) fn of(wish: Wish<'_>) -> Self {
        Self {
            language: wish.criteria.language,
            stance: wish.openness.language,
        }
    }

    fn gets_along_with(self, other: Self) -> bool {
        match (self.language, other.language) {
            (Some(own), Some(theirs)) => {
                own == theirs || (self.stance == Stance::Open && other.stance == Stance::Open)
            }
            (None, _) | (_, None) => true,
        }
    }
}

/// At least one who waits.
///
/// Most families have one member, the only person with some interest: that takes no memory but the shelf's
/// own.
#[derive(Debug)]
pub(super) enum Shelf {
    One(Spot, Tongue),
    Many(Box<Lines>),
}

/// What is left on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Somebody,
    Nobody,
}

/// The lines of a shelf.
#[derive(Debug, Default)]
pub(super) struct Lines {
    everybody: BTreeSet<Spot>,
    unnamed: BTreeSet<Spot>,
    only: HashMap<Language, BTreeSet<Spot>>,
    patient: BTreeSet<Spot>,
}

impl Shelf {
    pub(super) fn insert(&mut self, spot: Spot, tongue: Tongue) {
        match self {
            Self::One(first, first_tongue) => {
                let mut lines = Box::<Lines>::default();
                lines.insert(*first, *first_tongue);
                lines.insert(spot, tongue);
                *self = Self::Many(lines);
            }
            Self::Many(lines) => lines.insert(spot, tongue),
        }
    }

    pub(super) fn remove(&mut self, spot: Spot, tongue: Tongue) -> Left {
        match self {
            Self::One(only, _) if *only == spot => Left::Nobody,
            Self::One(..) => Left::Somebody,
            Self::Many(lines) => {
                lines.remove(spot, tongue);
                if lines.everybody.is_empty() {
                    Left::Nobody
                } else {
                    Left::Somebody
                }
            }
        }
    }

    /// The lines that somebody reads. Whoever stands in two of them is there twice.
    pub(super) fn read_by(&self, reader: Tongue) -> [Option<Line<'_>>; 3] {
        match self {
            Self::One(spot, tongue) => [
                tongue.gets_along_with(reader).then_some(Line::One(Some(*spot))),
                None,
                None,
            ],
            Self::Many(lines) => lines.read_by(reader),
        }
    }
}

impl Lines {
    fn insert(&mut self, spot: Spot, tongue: Tongue) {
        self.everybody.insert(spot);
        match tongue.language {
            None => {
                self.unnamed.insert(spot);
            }
            Some(language) => {
                self.only.entry(language).or_default().insert(spot);
                if tongue.stance == Stance::Open {
                    self.patient.insert(spot);
                }
            }
        }
    }

    fn remove(&mut self, spot: Spot, tongue: Tongue) {
        self.everybody.remove(&spot);
        self.patient.remove(&spot);
        let Some(language) = tongue.language else {
            self.unnamed.remove(&spot);
            return;
        };
        if let Some(line) = self.only.get_mut(&language) {
            line.remove(&spot);
            if line.is_empty() {
                self.only.remove(&language);
                super::hashed::give_back(&mut self.only);
            }
        }
    }

    fn read_by(&self, reader: Tongue) -> [Option<Line<'_>>; 3] {
        let Some(language) = reader.language else {
            return [Some(Line::Many(self.everybody.iter())), None, None];
        };
        let only = self.only.get(&language).map(|spots| Line::Many(spots.iter()));
        let unnamed = Some(Line::Many(self.unnamed.iter()));
        let patient = (reader.stance == Stance::Open).then(|| Line::Many(self.patient.iter()));
        [only, unnamed, patient]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_domain::id::UserId;
    use passerby_domain::priority::Place;
    use passerby_domain::time::Moment;

    fn tongues() -> Vec<Tongue> {
        let languages = [Language::parse("en").ok(), Language::parse("de").ok()];
        let named = languages
            .into_iter()
            .flat_map(|language| [Stance::Strict, Stance::Open].map(|stance| Tongue { language, stance }));
        named
            .chain([Tongue {
                language: None,
                stance: Stance::Open,
            }])
            .collect()
    }

    fn spot(seat: usize) -> Spot {
        (
            Place::taken_at(Moment::from_millis(seat as u64)),
            UserId::from_bits(seat as u128),
        )
    }

    fn read(shelf: &Shelf, reader: Tongue) -> BTreeSet<Spot> {
        shelf.read_by(reader).into_iter().flatten().flatten().collect()
    }

    #[test]
    fn everybody_reads_exactly_those_they_get_along_with_however_many_there_are() {
        let people: Vec<_> = tongues()
            .into_iter()
            .enumerate()
            .map(|(seat, tongue)| (spot(seat), tongue))
            .collect();
        let ((first, first_tongue), rest) = (people[0], &people[1..]);
        let mut shelf = Shelf::One(first, first_tongue);
        let mut present = vec![people[0]];
        for &(spot, tongue) in rest {
            shelf.insert(spot, tongue);
            present.push((spot, tongue));
            for reader in tongues() {
                let fine = present
                    .iter()
                    .filter(|(_, tongue)| tongue.gets_along_with(reader));
                let fine: BTreeSet<_> = fine.map(|(spot, _)| *spot).collect();
                assert_eq!(read(&shelf, reader), fine, "{reader:?}");
            }
        }
        for (number, &(spot, tongue)) in people.iter().enumerate() {
            let left = shelf.remove(spot, tongue);
            assert_eq!(left == Left::Nobody, number == people.len() - 1);
            assert!(
                tongues()
                    .into_iter()
                    .all(|reader| !read(&shelf, reader).contains(&spot))
            );
        }
    }

    #[test]
    fn a_shelf_of_one_is_read_by_those_they_get_along_with() {
        for tongue in tongues() {
            let mut shelf = Shelf::One(spot(1), tongue);
            for reader in tongues() {
                assert_eq!(!read(&shelf, reader).is_empty(), tongue.gets_along_with(reader));
            }
            assert_eq!(shelf.remove(spot(2), tongue), Left::Somebody);
            assert_eq!(shelf.remove(spot(1), tongue), Left::Nobody);
        }
    }
}

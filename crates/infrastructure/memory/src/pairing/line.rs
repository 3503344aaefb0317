//! Those of one kind who wait, in the order of their places.

use passerby_domain::id::UserId;
use passerby_domain::priority::Place;
use std::collections::{BTreeSet, btree_set};

/// A place in the queue and who holds it. The order of these is the order of service: no two are equal.
pub(super) type Spot = (Place, UserId);

/// At least one who waits.
///
/// Most lines are about an interest that one person has, so a line of one allocates nothing.
#[derive(Debug)]
pub(super) enum Line {
    One(Spot),
    Many(BTreeSet<Spot>),
}

/// What is left of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Somebody,
    Nobody,
}

impl Line {
    pub(super) fn insert(&mut self, spot: Spot) {
        match self {
            Self::One(only) if *only == spot => {}
            Self::One(only) => *self = Self::Many(BTreeSet::from([*only, spot])),
            Self::Many(spots) => {
                spots.insert(spot);
            }
        }
    }

    pub(super) fn remove(&mut self, spot: Spot) -> Left {
        match self {
            Self::One(only) if *only == spot => return Left::Nobody,
            Self::One(_) => {}
            Self::Many(spots) => {
                spots.remove(&spot);
                if let (1, Some(&only)) = (spots.len(), spots.first()) {
                    *self = Self::One(only);
                }
            }
        }
        Left::Somebody
    }

    /// Everybody, first come first.
    pub(super) fn iter(&self) -> Iter<'_> {
        match self {
            Self::One(only) => Iter::One(Some(*only)),
            Self::Many(spots) => Iter::Many(spots.iter()),
        }
    }
}

/// Walks along a line.
#[derive(Debug)]
pub(super) enum Iter<'a> {
    One(Option<Spot>),
    Many(btree_set::Iter<'a, Spot>),
}

impl Iterator for Iter<'_> {
    type Item = Spot;

    fn next(&mut self) -> Option<Spot> {
        match self {
            Self::One(only) => only.take(),
            Self::Many(spots) => spots.next().copied(),
        }
    }
}

/// Walks along several lines at once, first come first. Who stands in two of them is met twice.
#[derive(Debug)]
pub(super) struct Merged<'a, const N: usize> {
    lines: [Option<(Spot, Iter<'a>)>; N],
}

impl<'a, const N: usize> Merged<'a, N> {
    pub(super) fn new(lines: [Option<&'a Line>; N]) -> Self {
        Self {
            lines: lines.map(|line| advance(line?.iter())),
        }
    }
}

impl<const N: usize> Iterator for Merged<'_, N> {
    type Item = Spot;

    fn next(&mut self) -> Option<Spot> {
        let first = self.lines.iter_mut().filter(|line| line.is_some());
        let first = first.min_by_key(|line| line.as_ref().map(|(spot, _)| *spot))?;
        let (spot, rest) = first.take()?;
        *first = advance(rest);
        Some(spot)
    }
}

fn advance(mut line: Iter<'_>) -> Option<(Spot, Iter<'_>)> {
    line.next().map(|spot| (spot, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_domain::time::Moment;

    fn spot(place: u64, seat: u128) -> Spot {
        (
            Place::taken_at(Moment::from_millis(place)),
            UserId::from_bits(seat),
        )
    }

    #[test]
    fn a_line_is_served_by_place_and_then_by_seat() {
        let mut line = Line::One(spot(5, 1));
        for next in [spot(3, 9), spot(5, 0), spot(3, 9)] {
            line.insert(next);
        }
        let order: Vec<_> = line.iter().collect();
        assert_eq!(order, [spot(3, 9), spot(5, 0), spot(5, 1)]);
    }

    #[test]
    fn a_line_that_shrinks_to_one_and_to_none_says_so() {
        let mut line = Line::One(spot(1, 1));
        line.insert(spot(2, 2));
        assert_eq!(line.remove(spot(9, 9)), Left::Somebody);
        assert_eq!(line.remove(spot(1, 1)), Left::Somebody);
        assert!(matches!(line, Line::One(only) if only == spot(2, 2)));
        assert_eq!(line.remove(spot(1, 1)), Left::Somebody);
        assert_eq!(line.remove(spot(2, 2)), Left::Nobody);
    }

    #[test]
    fn several_lines_are_walked_as_if_they_were_one() {
        let mut first = Line::One(spot(1, 1));
        first.insert(spot(4, 4));
        let second = Line::One(spot(2, 2));
        let merged: Vec<_> = Merged::new([Some(&first), None, Some(&second)]).collect();
        assert_eq!(merged, [spot(1, 1), spot(2, 2), spot(4, 4)]);
    }
}

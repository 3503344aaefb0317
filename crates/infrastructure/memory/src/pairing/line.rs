//! Those of one kind who wait, in the order of their places.

use passerby_domain::id::UserId;
use passerby_domain::priority::Place;
use std::collections::btree_set;

/// A place in the queue and who holds it. The order of these is the order of service: no two are equal.
pub(super) type Spot = (Place, UserId);

/// Walks along a line, first come first.
#[derive(Debug)]
pub(super) enum Line<'a> {
    One(Option<Spot>),
    Many(btree_set::Iter<'a, Spot>),
}

impl Iterator for Line<'_> {
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
    lines: [Option<(Spot, Line<'a>)>; N],
}

impl<'a, const N: usize> Merged<'a, N> {
    pub(super) fn new(lines: [Option<Line<'a>>; N]) -> Self {
        Self {
            lines: lines.map(|line| advance(line?)),
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

fn advance(mut line: Line<'_>) -> Option<(Spot, Line<'_>)> {
    line.next().map(|spot| (spot, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_domain::time::Moment;
    use std::collections::BTreeSet;

    fn spot(place: u64, seat: u128) -> Spot {
        (
            Place::taken_at(Moment::from_millis(place)),
            UserId::from_bits(seat),
        )
    }

    #[test]
    fn several_lines_are_walked_as_if_they_were_one() {
        let first = BTreeSet::from([spot(5, 1), spot(1, 1), spot(4, 4)]);
        let lines = [
            Some(Line::Many(first.iter())),
            None,
            Some(Line::One(Some(spot(2, 2)))),
        ];
        let merged: Vec<_> = Merged::new(lines).collect();
        assert_eq!(merged, [spot(1, 1), spot(2, 2), spot(4, 4), spot(5, 1)]);
    }
}

//! The order in the waiting queue: who came first is served first.
//!
//! **Architecture Invariant:** a place is a point in time and nothing else. Whoever is left alone keeps the
//! place of their last wait, which puts them ahead of all who came later than they first did.

use crate::time::Moment;

/// A place in the queue: the earlier, the better.
///
/// Two seats may share a place; stores break the tie by the id of the seat, so that the order is total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(Moment);

impl Place {
    /// The place of one who comes at `now`.
    pub const fn taken_at(now: Moment) -> Self {
        Self(now)
    }

    /// Since when the place is held.
    pub const fn since(self) -> Moment {
        self.0
    }
}

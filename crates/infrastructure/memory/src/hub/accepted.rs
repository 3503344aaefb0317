//! The ids of the messages last accepted in a chat, so that one that is sent again is not delivered again.

use passerby_application::ports::IdHash;
use std::collections::VecDeque;

/// How many ids are remembered: the protocol's 64.
const CAPACITY: usize = 64;

/// The keyed hashes of the ids last accepted, oldest first.
#[derive(Debug, Default)]
pub(super) struct Accepted(VecDeque<IdHash>);

impl Accepted {
    pub(super) fn contains(&self, id: IdHash) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn insert(&mut self, id: IdHash) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }

    /// All of them, oldest first.
    pub(super) fn ids(&self) -> impl Iterator<Item = IdHash> {
        self.0.iter().copied()
    }

    /// All of them, oldest first.
    pub(super) fn into_ids(self) -> Vec<IdHash> {
        self.0.into()
    }

    pub(super) fn clear(&mut self) {
        self.0 = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_64_ids_are_remembered_and_no_more() {
        let mut accepted = Accepted::default();
        for hash in 0..=64 {
            accepted.insert(IdHash(hash));
        }
        assert!(!accepted.contains(IdHash(0)));
        assert!((1..=64).all(|hash| accepted.contains(IdHash(hash))));
        accepted.clear();
        assert!(!accepted.contains(IdHash(64)));
    }
}
